"""Servers of a test's own, which it may break. `pipeline` runs on them where a test module overrides the shared ones."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.faults.figures import Figures
from tests.faults.mongod_cluster import MongodCluster
from tests.faults.servers import OwnKafka, OwnMongod, running
from tests.faults.tcp_proxy import TcpProxy


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Figures:
    return Figures(record_property)


@pytest.fixture
async def own_kafka(servers_folder: Path, tmp_path: Path) -> AsyncIterator[OwnKafka]:
    async with running(OwnKafka(servers_folder / tmp_path.name)) as server:
        yield server


@pytest.fixture
async def own_mongod(servers_folder: Path, tmp_path: Path) -> AsyncIterator[OwnMongod]:
    async with running(OwnMongod(servers_folder / tmp_path.name)) as server:
        yield server


@pytest.fixture
async def mongods(servers_folder: Path, tmp_path: Path) -> AsyncIterator[MongodCluster]:
    async with running(MongodCluster(servers_folder / tmp_path.name)) as cluster:
        yield cluster


@pytest.fixture
async def proxy(mongod_server: str) -> AsyncIterator[TcpProxy]:
    """Before the shared mongod."""
    port = urlsplit(mongod_server).port
    assert port is not None
    proxy = TcpProxy(port)
    await proxy.start()
    yield proxy
    await proxy.cut()
