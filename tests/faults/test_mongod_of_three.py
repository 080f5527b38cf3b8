"""The primary of three mongods is told to step down under load: another takes over."""

import asyncio
import time

import pytest
from tests.faults.figures import Figures
from tests.faults.mongod_cluster import MongodCluster
from tests.faults.one_caller import system_under_load
from tests.faults.thorough import thorough
from tests.plugins.pipeline import Pipeline

pytestmark = [pytest.mark.slow, thorough]

DOWN_S = 30


@pytest.fixture
def mongod_server(mongods: MongodCluster) -> str:
    return mongods.address


@pytest.fixture
def mongo_database_name() -> str:
    return "waypost"


async def test_the_primary_of_three_mongods_steps_down_under_load(
    pipeline: Pipeline, mongods: MongodCluster, figures: Figures
) -> None:
    async with system_under_load(pipeline) as caller:
        await caller.works()
        before = await mongods.primary()
        since = time.monotonic()
        await asyncio.to_thread(before.command, {"replSetStepDown": DOWN_S, "force": True})
        await caller.recovers(since, figures, "the primary of three mongods has stepped down")
        assert await mongods.primary() is not before
