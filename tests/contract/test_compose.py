"""docker-compose.yml says what it should, also on a machine without Docker."""

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from annotated_types import Le
from tests.contract.programs import SETTINGS_OF, read, variables_of

from waypost_api.settings import CommandSettings

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"


OURS = {"migrate", "store", "ingest", "api", "simulated-network", "connector"}

Services = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def services() -> Services:
    document = yaml.safe_load(COMPOSE.read_text())
    found: Services = document["services"]
    return found


def has_compose() -> bool:
    try:
        return subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def config(file: Path) -> "subprocess.CompletedProcess[str]":
    command = ["docker", "compose", "--file", str(file), "config", "--quiet"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


needs_compose = pytest.mark.skipif(not has_compose(), reason="no `docker compose` here; the tests below need no Docker")


@needs_compose
def test_docker_compose_accepts_the_file() -> None:
    done = config(COMPOSE)
    assert (done.returncode, done.stderr) == (0, "")


@needs_compose
def test_docker_compose_would_refuse_a_file_that_is_wrong(tmp_path: Path) -> None:
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text(COMPOSE.read_text().replace("condition: service_healthy", "condition: service_happy"))
    assert config(wrong).returncode != 0


def test_it_runs_the_same_processes_as_make_up_and_what_stands_before_the_api(services: Services) -> None:
    assert set(services) == {
        "kafka",
        "mongo",
        "migrate",
        "store",
        "ingest",
        "api",
        "load-balancer",
        "simulated-network",
        "connector",
    }


def test_every_port_is_published_on_the_loopback_alone(services: Services) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert len(published) == 3
    assert all(isinstance(port, str) and port.startswith("127.0.0.1:") for port in published)


def test_every_service_is_an_image_by_exact_version_or_built_here_in_this_one(services: Services) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    for name, service in services.items():
        if name in OURS:
            build = service["build"]
            assert (ROOT / build["context"] / build["dockerfile"]).is_file(), name
            assert (ROOT / "services" / build["args"]["SERVICE"] / "pyproject.toml").is_file(), name
            assert service["image"] == f"waypost/{build['args']['SERVICE']}:{version}", name
        elif "build" in service:
            assert (ROOT / service["build"] / "Dockerfile").is_file(), name
            assert service["image"] == f"waypost/{name}:{version}"
        else:
            assert re.fullmatch(r"[a-z/]+:\d+\.\d+(\.\d+)?", service["image"]), name


def test_every_image_is_built_from_one_of_exact_version() -> None:
    for file in (ROOT / "deploy/docker").rglob("Dockerfile"):
        stages = re.findall(r"^FROM (\S+)(?: AS (\S+))?$", file.read_text(), re.MULTILINE)
        own = {name for _, name in stages}
        assert {image for image, _ in stages if image not in own} == {"python:3.11-slim-bookworm"}, file


def test_every_command_is_one_that_its_package_installs(services: Services) -> None:
    for name, service in services.items():
        if name in OURS:
            package = ROOT / "services" / service["build"]["args"]["SERVICE"] / "pyproject.toml"
            scripts = tomllib.loads(package.read_text())["project"]["scripts"]
            assert service["command"][0] in scripts, name


def test_every_variable_is_a_setting_of_some_service(services: Services) -> None:
    known = {variable for settings in SETTINGS_OF.values() for variable in variables_of(settings)}
    given = {variable for service in services.values() for variable in service.get("environment", {})}
    ours = {variable for variable in given if variable.startswith("WAYPOST_")}
    assert len(ours) >= 9
    assert ours <= known


@pytest.mark.parametrize("command", SETTINGS_OF)
def test_every_program_takes_the_settings_that_it_is_given(
    services: Services, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    for variable in [name for name in os.environ if name.startswith("WAYPOST_")]:
        monkeypatch.delenv(variable)
    (service,) = [service for service in services.values() if service.get("command", [None])[0] == command]
    for name, value in service["environment"].items():
        if value is not None:
            monkeypatch.setenv(name, re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value))
    assert read(command).metrics.port == 9100


def test_the_connector_and_the_tool_that_rotates_keys_have_the_same(services: Services) -> None:
    given = {name: service["environment"].get("WAYPOST_DEVICES_KEYS") for name, service in services.items() if name in OURS}
    assert given["connector"] == given["store"] is not None
    assert [name for name, keys in given.items() if keys is not None] == ["store", "connector"]


def test_every_program_finds_kafka_and_mongodb_where_they_listen(services: Services) -> None:
    assert "SERVICES://kafka:19092" in services["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert "SERVICES://:19092" in services["kafka"]["environment"]["KAFKA_LISTENERS"]
    assert "--replSet rs0" in " ".join(services["mongo"]["command"])
    assert 'rs.initiate({_id: "rs0", members: [{_id: 0, host: "mongo:27017"}]})' in services["mongo"]["healthcheck"]["test"][-1]
    for name in ("migrate", "store", "ingest", "api", "connector"):
        environment = services[name]["environment"]
        assert environment["WAYPOST_KAFKA_BOOTSTRAP_SERVERS"] == "kafka:19092", name
        assert environment["WAYPOST_MONGO_URL"] == "mongodb://mongo:27017/?replicaSet=rs0", name


def test_a_health_check_runs_a_program_that_its_image_has(services: Services) -> None:
    programs = {part for service in services.values() for part in service.get("healthcheck", {}).get("test", [])[1:]}
    assert {"/opt/kafka/bin/kafka-broker-api-versions.sh", "mongosh", "python"} <= programs


def test_a_health_check_is_rare_once_the_container_is_healthy(services: Services) -> None:
    """Each is a process, of Kafka's a Java machine."""
    for name, service in services.items():
        if "healthcheck" in service:
            assert int(service["healthcheck"]["interval"].removesuffix("s")) >= 15, name
            assert service["healthcheck"]["start_interval"] == "2s", name


def test_every_container_is_confined_and_limited(services: Services) -> None:
    for name, service in services.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}, name


def test_every_container_but_that_of_the_migrations_is_started_again(services: Services) -> None:
    assert [name for name, service in services.items() if service.get("restart") != "unless-stopped"] == ["migrate"]


def test_what_is_scaled_has_neither_a_name_nor_a_port_of_its_own(services: Services) -> None:
    for name in ("api", "ingest"):
        assert not {"ports", "container_name"} & set(services[name]), name


def test_the_load_balancer_waits_longer_than_the_api_may_take() -> None:
    configuration = (ROOT / "deploy/docker/load-balancer/haproxy.cfg").read_text()
    waits = {int(seconds) for seconds in re.findall(r"timeout (?:client|server) (\d+)s", configuration)}
    (longest,) = [limit.le for limit in CommandSettings.model_fields["live_deadline_ms"].metadata if isinstance(limit, Le)]
    assert min(waits) * 1_000 > int(str(longest))
    assert "server-template api 20 api:8080" in configuration


def test_every_variable_of_the_caller_has_a_default() -> None:
    used = re.findall(r"\$\{(\w+)([^}]*)\}", COMPOSE.read_text())
    assert used
    assert [name for name, default in used if not default.startswith(":-")] == []


def test_what_a_service_waits_for_exists_and_can_become_so(services: Services) -> None:
    for name, service in services.items():
        for other, condition in service.get("depends_on", {}).items():
            assert other in services, name
            if condition["condition"] == "service_healthy":
                assert "healthcheck" in services[other], (name, other)
            else:
                assert "restart" not in services[other], f"{other} would never complete"


def test_every_long_running_service_has_a_health_check(services: Services) -> None:
    assert [name for name, service in services.items() if "healthcheck" not in service] == ["migrate"]


def test_every_named_volume_is_declared(services: Services) -> None:
    declared = set(yaml.safe_load(COMPOSE.read_text())["volumes"])
    used = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", [])}
    assert used == declared


def test_the_images_run_as_nobody_in_particular() -> None:
    for file in (ROOT / "deploy/docker").rglob("Dockerfile"):
        lines = file.read_text().splitlines()
        assert [line for line in lines if line.startswith("USER ")] == ["USER 10001:10001"], file
        assert not any(line.startswith("# syntax") for line in lines), file


def test_the_images_hold_nothing_but_what_the_lock_has_by_hash() -> None:
    text = (ROOT / "deploy/docker/Dockerfile").read_text().replace("\\\n", " ")
    fetching = [line for line in text.splitlines() if " pip " in line and "--no-index" not in line]
    assert len(fetching) == 1
    assert "--require-hashes --requirement requirements.lock" in fetching[0]


def test_the_layer_of_dependencies_knows_every_package_of_ours() -> None:
    dockerfile = (ROOT / "deploy/docker/Dockerfile").read_text()
    copied = re.findall(r"^COPY ((?:libs|services)/\w+)/pyproject\.toml ", dockerfile, re.MULTILINE)
    ours = [project.parent for folder in ("libs", "services") for project in (ROOT / folder).glob("*/pyproject.toml")]
    assert sorted(copied) == sorted(folder.relative_to(ROOT).as_posix() for folder in ours)


def test_compose_and_the_local_runner_start_the_same_kafka() -> None:
    """One version in one place each: the image's tag, and the jars."""
    project = (ROOT / "deploy/local/src/waypost_local/pom.xml").read_text()
    (version,) = re.findall(r"<artifactId>kafka_2\.13</artifactId>\s*<version>([\d.]+)</version>", project)
    assert yaml.safe_load(COMPOSE.read_text())["services"]["kafka"]["image"] == f"apache/kafka:{version}"
