"""deploy/helm/waypost, rendered by Helm once for each set of values."""

import shutil
from pathlib import Path

import pytest
from tests.helm.charts import Chart, Manifest
from tests.helm.trials import EVERYTHING, FIXED, USUAL

CHART = Path(__file__).parents[3] / "deploy/helm/waypost"


@pytest.fixture(scope="session")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Chart:
    return Chart(Path(shutil.copytree(CHART, tmp_path_factory.mktemp("chart") / CHART.name)))


@pytest.fixture(scope="session")
def usual(chart: Chart) -> list[Manifest]:
    return chart.manifests(USUAL)


@pytest.fixture(scope="session")
def everything(chart: Chart) -> list[Manifest]:
    return chart.manifests(EVERYTHING)


@pytest.fixture(scope="session")
def fixed(chart: Chart) -> list[Manifest]:
    return chart.manifests(FIXED)
