"""The running system of this folder's tests, started once, and the promise of each test to see what it says."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.end_to_end.live.callers import Seen
from tests.end_to_end.live.system import LiveSystem, running


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sees(operation, statuses): answers that the test gets over HTTP, else it fails")


@pytest.fixture(scope="session")
def seen() -> Seen:
    """What the test at hand has been answered so far."""
    return set()


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def system(
    kafka_server: str, mongod_server: str, tmp_path_factory: pytest.TempPathFactory, seen: Seen
) -> AsyncIterator[LiveSystem]:
    folder: Path = tmp_path_factory.mktemp("live")
    async with running(kafka_server, mongod_server, folder, seen) as one:
        yield one


@pytest.fixture(autouse=True)
def keeps_its_promise(request: pytest.FixtureRequest, seen: Seen) -> Iterator[None]:
    seen.clear()
    yield
    promised = {(mark.args[0], status) for mark in request.node.iter_markers("sees") for status in mark.args[1]}
    assert promised <= seen, f"never seen: {sorted(promised - seen)}"
