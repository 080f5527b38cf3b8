"""Schemathesis runs the OpenAPI document against the running system: made-up requests, good and bad, of every operation."""

import asyncio
import os
import shlex
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml
from tests.end_to_end.live.contract import DOCUMENT
from tests.end_to_end.live.system import LiveSystem, running
from tests.processes import Process
from tests.schemathesis.program import CONFIGURATION, find_program

from waypost_common.api_keys import Permission
from waypost_common.identifiers import OrganizationId
from waypost_connector.simulated.world import DEFAULT_ORGANIZATION
from waypost_store.keys import create_key

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

OPTIONS = shlex.split(os.environ.get("WAYPOST_TEST_SCHEMATHESIS", ""))
"""For a longer search, such as `--seed 7 --max-examples 100`."""
PLENTY = {"WAYPOST_DIALECT_REQUESTS_PER_MINUTE": "1000000"}

LASTING = 1
"""The stream of events is left out: its answer does not end by itself."""


@pytest.fixture
async def system(kafka_server: str, mongod_server: str, tmp_path: Path) -> AsyncIterator[LiveSystem]:
    async with running(kafka_server, mongod_server, tmp_path, set()) as one:
        yield one


@pytest.fixture
async def api(system: LiveSystem) -> Process:
    """A replica that does not count the requests of the second dialect."""
    return await system.pipeline.start_api(**PLENTY)


async def what_is_there(system: LiveSystem) -> dict[str, str]:
    """By the names that the configuration has for it."""
    stage, owner = system.stage, OrganizationId(DEFAULT_ORGANIZATION)
    revoked = await system.send(stage.session, stage.person)
    scanned, paired = [(await system.owner("createSession")).json()["id"] for _ in range(2)]
    _, key = await create_key(system.pipeline.database, organization=owner, permissions=list(Permission))
    return {
        "FUZZ_KEY": key,
        "FUZZ_SESSION": stage.session,
        "FUZZ_PERSON": stage.person,
        "FUZZ_GROUP": stage.group,
        "FUZZ_CHANNEL": stage.channel,
        "FUZZ_LID": stage.lid,
        "FUZZ_MESSAGE": stage.message,
        "FUZZ_REVOKED_MESSAGE": revoked["waMessageId"],
        "FUZZ_OPERATION": stage.operation,
        "FUZZ_DELETED_CHAT": stage.another,
        "FUZZ_DELETED_SESSION": system.take_session().session,
        "FUZZ_STARTED_SESSION": system.take_session().session,
        "FUZZ_STOPPED_SESSION": system.take_session().session,
        "FUZZ_RESTARTED_SESSION": system.take_session().session,
        "FUZZ_UNPAIRED_SESSION": system.take_session().session,
        "FUZZ_SCANNED_SESSION": scanned,
        "FUZZ_PAIRED_SESSION": paired,
    }


async def test_schemathesis_finds_nothing(system: LiveSystem, api: Process, tmp_path: Path) -> None:
    program = await asyncio.to_thread(find_program)
    address = f"http://127.0.0.1:{api.environment['WAYPOST_HTTP_PORT']}"
    environment = os.environ | await what_is_there(system)
    running = await asyncio.create_subprocess_exec(
        str(program), "--config-file", str(CONFIGURATION), "run", str(DOCUMENT), "--url", address, *OPTIONS,
        cwd=tmp_path, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    printed, _ = await running.communicate()
    print(printed.decode())  # noqa: T201  (shown by `pytest -rP`)
    assert running.returncode == 0
    if not OPTIONS:
        assert f"Tested: {sum(map(len, _paths().values())) - LASTING}\n" in printed.decode()


def _paths() -> dict[str, dict[str, object]]:
    paths: dict[str, dict[str, object]] = yaml.safe_load(DOCUMENT.read_text())["paths"]
    return paths
