"""The disk under mongod's data is full under load: mongod ends, and once there is room and it runs again, nothing is missing."""

import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.faults.figures import Figures
from tests.faults.one_caller import system_under_load
from tests.faults.servers import OwnMongod, running
from tests.faults.small_disk import SmallDisk
from tests.faults.thorough import thorough
from tests.plugins.pipeline import Pipeline
from tests.processes import eventually

from waypost_local.errors import LocalError

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240), thorough]

DISK_MIB = 512
REFUSED_S = 2.0
WRITES_OFTEN = ("--syncdelay", "5")
"""Its journal is allocated ahead of use, so it finds out when it next writes data files: every 60 s unless told otherwise."""


@pytest.fixture
def disk(servers_folder: Path, tmp_path: Path) -> Iterator[SmallDisk]:
    disk = SmallDisk(servers_folder / tmp_path.name / "mongod", DISK_MIB)
    try:
        yield disk
    finally:
        disk.unmount()


@pytest.fixture
async def mongod_on_disk(disk: SmallDisk) -> AsyncIterator[OwnMongod]:
    async with running(OwnMongod(disk.folder.parent, lambda path: disk.program(path, *WRITES_OFTEN))) as server:
        yield server


@pytest.fixture
def mongod_server(mongod_on_disk: OwnMongod) -> str:
    return mongod_on_disk.address


@pytest.fixture
def mongo_database_name() -> str:
    return "waypost"


async def test_mongod_whose_disk_is_full_under_load(
    pipeline: Pipeline, mongod_on_disk: OwnMongod, disk: SmallDisk, figures: Figures
) -> None:
    async with system_under_load(pipeline) as caller:
        await caller.works()
        await full_until_mongod_ends(disk, mongod_on_disk)
        await caller.is_refused_quickly(REFUSED_S)
        # As whatever looks after it would: it goes on until what it freed in its own journal is full as well.
        with suppress(LocalError):
            await mongod_on_disk.start()
        await full_until_mongod_ends(disk, mongod_on_disk)
        disk.make_room()
        await mongod_on_disk.start()
        await caller.recovers(time.monotonic(), figures, "the disk has room and mongod is back")


async def full_until_mongod_ends(disk: SmallDisk, server: OwnMongod) -> None:
    def ended() -> bool:
        disk.fill()
        return server.exit_code is not None

    await eventually(ended, "mongod has ended by itself")
    assert server.exit_code == -signal.SIGABRT
