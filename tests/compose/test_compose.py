"""`make test-compose`: the whole composition, for real. The tests share one, and run in their order."""

import os
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest
from tests.compose.composition import ROOT, Composition, why_not
from tests.compose.load import PATIENCE_S, Chat, Messages
from tests.processes import wait_until
from tests.readme_tour import Shell, take_the_tour

from waypost_local.ports import free_port

PORTS = ("WAYPOST_API_PORT", "WAYPOST_KAFKA_PORT", "WAYPOST_MONGO_PORT")
SERVICES = {"kafka", "mongo", "store", "ingest", "api", "load-balancer", "simulated-network", "connector"}
TOUR_PATIENCE_S = 120.0

pytestmark = [
    pytest.mark.skipif(not os.environ.get("WAYPOST_TEST_COMPOSE"), reason="`make test-compose` runs it"),
    pytest.mark.timeout(3_600),
]

TOOLS = """
    compose() {{ {compose} "$@" < /dev/null; }}
    make() {{
        case $1 in
            up) compose up --detach --wait > up.log 2>&1 || {{ cat up.log >&2; return 1; }} ;;
            down) compose down > down.log 2>&1 ;;
        esac
    }}
"""
"""What the tour calls on a machine where `make up` runs, in containers."""
SCRIPTS = {
    "waypost": 'exec {compose} exec -T store waypost "$@" < /dev/null',
    "waypost-connector": 'exec {compose} exec -T connector waypost-connector "$1" - < "$2"',
    "waypost-local": "echo export WAYPOST_DEMO_KEY={key} WAYPOST_API_URL={api}",
}


@pytest.fixture(scope="module")
def composition() -> Iterator[Composition]:
    """Up, with one container of each service."""
    if missing := why_not():
        pytest.skip(f"this needs Docker Engine with Compose: {missing}")
    composition = Composition(f"waypost-test-{token_hex(4)}", {name: free_port() for name in PORTS})
    try:
        composition.build()
        composition.up()
        yield composition
    finally:
        composition.down("--volumes", "--remove-orphans")


@pytest.fixture(scope="module")
def key(composition: Composition) -> str:
    permissions = ("--permissions", "read,send,manage,events,operator")
    return composition.waypost("keys", "create", "--organization", "org_demo", *permissions).strip().splitlines()[-1]


@pytest.fixture
def shell(composition: Composition, key: str, tmp_path: Path) -> Iterator[Shell]:
    """A shell in a folder like a clone, whose commands work in the containers."""
    variables = " ".join(f"{name}={composition.environment[name]}" for name in PORTS)
    compose = f"env {variables} {' '.join(composition.command)}"
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, script in SCRIPTS.items():
        (programs / name).write_text("#!/bin/sh\n" + script.format(compose=compose, key=key, api=composition.api) + "\n")
        (programs / name).chmod(0o755)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    shell = Shell(tmp_path, TOOLS.format(compose=compose))
    yield shell
    shell.close()


def test_every_service_runs_and_the_migrations_are_done(composition: Composition) -> None:
    assert {container.service for container in composition.containers()} == SERVICES
    assert "migrate" in composition.compose("ps", "--all", "--services", "--status", "exited")


def test_no_container_runs_as_root_or_can_write_where_its_data_is_not(composition: Composition) -> None:
    for container in composition.containers():
        assert container.shell("id -u").stdout.strip() not in {"", "0"}, container.name
        assert container.shell("touch /etc/written || touch /usr/written").returncode != 0, container.name


def test_every_container_is_limited_and_has_no_capabilities(composition: Composition) -> None:
    for container in composition.containers():
        host = container.details["HostConfig"]
        assert host["Memory"] > 0, container.name
        assert host["NanoCpus"] > 0, container.name
        assert host["PidsLimit"] > 0, container.name
        status = container.shell("cat /proc/1/status").stdout
        assert "CapEff:\t0000000000000000" in status, container.name
        assert "NoNewPrivs:\t1" in status, container.name


def test_the_tour_of_the_readme_works_down_and_up_again_included(shell: Shell) -> None:
    take_the_tour(shell, TOUR_PATIENCE_S)


def test_an_export_is_written_to_a_folder_of_this_machine(composition: Composition, tmp_path: Path) -> None:
    place = ("--user", f"{os.getuid()}:{os.getgid()}", "--volume", f"{tmp_path}:/backup")
    composition.compose("run", "--rm", "-T", *place, "store", "waypost", "export", "--session", "tour", "/backup/tour")
    assert list((tmp_path / "tour").glob("*.ndjson.gz"))


def test_more_of_a_service_share_its_work(composition: Composition, key: str) -> None:
    composition.up("--no-recreate", "--scale", "ingest=3", "--scale", "api=2")
    wait_until(lambda: "waypost.ingest   3 members" in composition.waypost("status"), lambda: composition.waypost("status"))
    chat = Chat(composition.api, key)
    for _ in range(10):
        chat.until_changed()
    served = [container.metrics().count("waypost_api_requests_total{") for container in composition.containers("api")]
    assert len(served) == 2
    assert all(served), served


def test_killed_programs_come_back_and_nothing_that_was_acknowledged_is_lost(composition: Composition, key: str) -> None:
    chat = Chat(composition.api, key)
    with Messages(composition.kafka).going_on() as messages:
        for container in composition.containers():
            composition.kill(container)
            chat.until_changed()
            messages.until_more()
    wait_until(lambda: messages.acknowledged <= chat.message_ids(), "not every message is stored", seconds=PATIENCE_S, every=1)
    composition.waypost("verify")
    assert composition.waypost("doctor").strip() == "all is well"


def test_what_is_taken_down_leaves_nothing_behind(composition: Composition) -> None:
    assert composition.left_behind()
    composition.down("--volumes")
    assert composition.left_behind() == []
