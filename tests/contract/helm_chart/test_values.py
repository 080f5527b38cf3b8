"""What may be told to the chart, and what it says."""

from typing import Any

import pytest
from tests.helm.charts import Chart, ChartError, Manifest
from tests.helm.trials import EVERYTHING, FIXED, USUAL, of_kind, pods

pytestmark = pytest.mark.timeout(900)  # Helm and the schemas are fetched once.


def test_helm_finds_nothing_to_blame(chart: Chart) -> None:
    assert chart.lint().splitlines() == ["[INFO] Chart.yaml: icon is recommended", "Failed: false"]


def test_the_services_can_be_upgraded_one_after_the_other(chart: Chart) -> None:
    new = {"tag": "0.2.0"}
    images = {
        part: pod["containers"][0]["image"]
        for part, pod in pods(chart.manifests(USUAL | {"ingest": new, "migrations": new})).items()
    }
    assert {part for part, image in images.items() if image.endswith(":0.2.0")} == {"ingest", "migrations"}


def test_large_numbers_are_written_out(everything: list[Manifest]) -> None:
    [trigger] = of_kind(everything, "ScaledObject")["ingest"]["spec"]["triggers"]
    assert trigger["metadata"]["lagThreshold"] == "1000000"
    assert trigger["metadata"]["tls"] == "enable"
    assert trigger["authenticationRef"] == {"name": "kafka"}


def test_another_registry_and_another_image_can_be_told(everything: list[Manifest], fixed: list[Manifest]) -> None:
    assert pods(everything)["api"]["containers"][0]["image"] == "registry.example.com/team/waypost/api:0.2.0"
    assert pods(fixed)["connector"]["containers"][0]["image"] == FIXED["connector"]["image"]


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({}, "bootstrapServers"),
        ({"kafka": {"bootstrapServers": "kafka"}}, "bootstrapServers"),
        (USUAL | {"ingests": {}}, "ingests"),
        (USUAL | {"ingest": {"autoscaling": {"lagThreshold": 0}}}, "lagThreshold"),
        (USUAL | {"settings": {"log_level": "debug"}}, "log_level"),
        (USUAL | {"settings": {"WAYPOST_BATCH_MAX_RECORDS": 1000}}, "WAYPOST_BATCH_MAX_RECORDS"),
        (USUAL | {"api": {"ingress": {"enabled": True}}}, "host"),
    ],
)
def test_values_that_cannot_be_meant_are_refused_by_name(chart: Chart, values: dict[str, Any], word: str) -> None:
    with pytest.raises(ChartError, match=word):
        chart.manifests(values)


def test_the_notes_say_how_to_make_a_key_and_what_to_look_at(chart: Chart) -> None:
    notes = chart.notes(USUAL)
    assert "exec deploy/trial-waypost-store -- \\\n    waypost keys create" in notes
    assert "waypost doctor" in notes
    assert "port-forward service/trial-waypost-api" in notes
    assert "https://waypost.example.com" in chart.notes(EVERYTHING)
