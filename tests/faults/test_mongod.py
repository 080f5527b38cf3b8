"""MongoDB goes away under load: reads are refused without waiting, and all recovers by itself."""

import asyncio
import time

import pytest
from tests.faults.figures import Figures
from tests.faults.one_caller import system_under_load
from tests.faults.servers import OwnMongod
from tests.faults.thorough import thorough
from tests.plugins.pipeline import Pipeline

pytestmark = pytest.mark.slow

SILENT_S, LONG_SILENT_S = 10.0, 20.0
DOWN_S = 15
"""Longer than a change that is under way when it begins, and two tries after that, may take together."""
REFUSED_S = 2.5


@pytest.fixture
def mongod_server(own_mongod: OwnMongod) -> str:
    return own_mongod.address


@pytest.fixture
def mongo_database_name() -> str:
    return "waypost"


async def test_mongod_killed_and_silent_under_load(pipeline: Pipeline, own_mongod: OwnMongod, figures: Figures) -> None:
    async with system_under_load(pipeline) as caller:
        for what, fault, seconds in (("killed", own_mongod.killed(), 2.0), ("silent", own_mongod.stopped(), SILENT_S)):
            await caller.works()
            async with fault:
                await caller.is_refused_quickly(seconds)
            await caller.recovers(time.monotonic(), figures, f"mongod was {what} and is back")


@thorough
async def test_mongod_silent_for_20_s_under_load(pipeline: Pipeline, own_mongod: OwnMongod, figures: Figures) -> None:
    async with system_under_load(pipeline) as caller:
        await caller.works()
        async with own_mongod.stopped():
            await caller.is_refused_quickly(LONG_SILENT_S)
        await caller.recovers(time.monotonic(), figures, f"mongod was silent for {LONG_SILENT_S:g} s and is back")


@thorough
async def test_the_only_mongod_steps_down_under_load(pipeline: Pipeline, own_mongod: OwnMongod, figures: Figures) -> None:
    async with system_under_load(pipeline) as caller:
        await caller.works()
        since = time.monotonic()
        await asyncio.to_thread(own_mongod.step_down, DOWN_S)
        await caller.is_refused_quickly(REFUSED_S)
        await caller.recovers(since, figures, f"mongod has stepped down for {DOWN_S} s")
