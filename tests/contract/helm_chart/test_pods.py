"""The pods of the chart: what they run, as whom, with which settings, and how they are probed."""

import os
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from tests.contract.programs import SETTINGS_OF, read, variables_of
from tests.helm.charts import Manifest
from tests.helm.trials import of_kind, pods, variables

ROOT = Path(__file__).parents[3]
SECRET = "a-secret-of-24-characters"
DEVICE_KEY = "c2ltdWxhdGVkIHBlb3BsZSBoYXZlIG5vIHNlY3JldHM"

pytestmark = pytest.mark.timeout(900)  # Helm and the schemas are fetched once.


@pytest.mark.parametrize("values", ["usual", "everything", "fixed"])
def test_every_program_takes_the_settings_that_it_is_given(
    values: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part, pod in pods(request.getfixturevalue(values)).items():
        (container,) = pod["containers"]
        program = container["command"][0]
        with monkeypatch.context() as environment:
            for name in [name for name in os.environ if name.startswith("WAYPOST_")]:
                environment.delenv(name)
            given = variables(pod)
            for name, value in given.items():
                environment.setenv(name, value if isinstance(value, str) else DEVICE_KEY if name.endswith("_KEYS") else SECRET)
            environment.setenv("WAYPOST_MONGO_URL", "mongodb://mongo:27017")
            assert read(program).metrics.port == 9100, part
        allowed = {name for settings in SETTINGS_OF.values() for name in variables_of(settings)}
        assert set(given) <= allowed, part


def test_a_service_has_its_own_settings_beside_those_of_all(everything: list[Manifest]) -> None:
    given = {part: variables(pod) for part, pod in pods(everything).items()}
    assert {part for part, own in given.items() if own.get("WAYPOST_LOG_LEVEL") == "debug"} == {*given} - {"simulated-network"}
    assert [part for part, own in given.items() if "WAYPOST_BATCH_MAX_RECORDS" in own] == ["ingest"]
    assert given["migrations"]["WAYPOST_KAFKA_PARTITIONS"] == "1000"


def test_secrets_come_from_the_secret_of_the_operator(everything: list[Manifest]) -> None:
    assert of_kind(everything, "Secret") == {}
    secret = re.compile(r"_(URL|SECRET|KEYS)$")
    for part, pod in pods(everything).items():
        for name, value in variables(pod).items():
            if secret.search(name):
                assert value["secretKeyRef"]["name"] == "waypost", (part, name)


def test_no_variable_is_made_of_the_services_of_the_namespace(everything: list[Manifest]) -> None:
    """They would be called like settings: WAYPOST_API_PORT."""
    assert {part: pod["enableServiceLinks"] for part, pod in pods(everything).items() if pod["enableServiceLinks"]} == {}


def test_every_pod_is_confined(everything: list[Manifest]) -> None:
    (user,) = re.findall(r"^USER (\d+):\1$", (ROOT / "deploy/docker/Dockerfile").read_text(), re.MULTILINE)
    for part, pod in pods(everything).items():
        assert pod["securityContext"]["runAsNonRoot"], part
        assert pod["securityContext"]["runAsUser"] == int(user), part
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, part
        assert not pod["automountServiceAccountToken"], part
        (container,) = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, part
        assert container["resources"]["limits"]["memory"], part
        assert container["resources"]["requests"]["cpu"], part


def test_whatever_goes_on_is_probed_where_it_answers(everything: list[Manifest]) -> None:
    for part, pod in pods(everything).items():
        (container,) = pod["containers"]
        probes = {name: probe["httpGet"] for name, probe in container.items() if name.endswith("Probe")}
        if part == "migrations":
            assert probes == {}
            continue
        alive, ready = ({"path": path, "port": "metrics"} for path in ("/healthz", "/readyz"))
        assert probes == {"startupProbe": alive, "livenessProbe": alive, "readinessProbe": ready}, part
        assert {"name": "metrics", "containerPort": 9100} in container["ports"], part


def test_the_images_are_those_of_the_dockerfile_in_the_version_of_this_repository(usual: list[Manifest]) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    built_here = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    images = {part: pod["containers"][0]["image"] for part, pod in pods(usual).items()}
    image_of = {part: part for part in ("api", "ingest", "store", "connector")} | {"migrations": "store"}
    assert images == {part: f"waypost/{image}:{version}" for part, image in image_of.items()}
    assert set(images.values()) <= {service["image"] for service in built_here.values()}


def test_every_command_is_one_that_its_image_has(everything: list[Manifest]) -> None:
    for part, pod in pods(everything).items():
        (container,) = pod["containers"]
        service = container["image"].rpartition("/")[2].partition(":")[0]
        scripts = tomllib.loads((ROOT / "services" / service / "pyproject.toml").read_text())["project"]["scripts"]
        assert container["command"][0] in scripts, part


def test_the_connectors_find_the_simulated_network(everything: list[Manifest]) -> None:
    service = of_kind(everything, "Service")["simulated-network"]
    given = variables(pods(everything)["connector"])
    assert given["WAYPOST_NETWORK_HOST"] == service["metadata"]["name"]
    assert given["WAYPOST_NETWORK_PORT"] == str(service["spec"]["ports"][0]["port"])
    (container,) = pods(everything)["simulated-network"]["containers"]
    assert {one["name"]: one["mountPath"] for one in container["volumeMounts"]} == {
        "data": "/data",
        "certificates": "/certificates",
    }
