"""A `waypost rebuild` that stands still and goes on later does nothing to a generation that is not its own."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.integration.store.conftest import PARTITIONS
from tests.integration.store.kills import run_until_killed
from tests.integration.store.test_cli import Command
from tests.plugins.pipeline import Pipeline

from waypost_common.documents import PROJECTIONS, Collection, collection_name
from waypost_common.generations import GenerationState
from waypost_common.mongo import MongoDatabase
from waypost_store.errors import StoreError
from waypost_store.generations import live_generation
from waypost_store.rebuild import drop, rebuilder
from waypost_store.rebuild.drop import abandon, drop_generations, list_generations
from waypost_store.rebuild.prepare import prepare
from waypost_store.rebuild.rebuilder import Log, Rebuilder
from waypost_store.rebuild.records import GenerationRecords
from waypost_store.settings import StoreSettings

SEEN = {"_id": "what the next one holds"}


async def empty_log() -> Log:
    return Log(starts=dict.fromkeys(range(PARTITIONS), 0), ends=dict.fromkeys(range(PARTITIONS), 0))


@pytest.fixture
def run(migrated: StoreSettings, database: MongoDatabase, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Awaitable[int]]:
    """A whole rebuild of an empty log, for which no ingest is needed. Returns the number."""
    monkeypatch.setattr(rebuilder, "NOTICE_S", 0.0)
    monkeypatch.setattr(drop, "QUIET_S", 0.0)

    async def run() -> int:
        rebuilt = await Rebuilder(database, empty_log, lambda _line: None, lambda _values: None).run(carry=False)
        return rebuilt.generation

    return run


class Stopped:
    """Stands before a step of one run as if the process had been frozen there; others pass."""

    def __init__(self, step: Callable[..., Awaitable[Any]]) -> None:
        self._step = step
        self.reached = asyncio.Event()
        self.goes_on = asyncio.Event()

    async def __call__(self, *arguments: Any, **options: Any) -> Any:
        if not self.reached.is_set():
            self.reached.set()
            await self.goes_on.wait()
        return await self._step(*arguments, **options)

    def as_method(self) -> Callable[..., Awaitable[Any]]:
        """A function, so that it is bound to its instance."""

        async def stopped(*arguments: Any, **options: Any) -> Any:
            return await self(*arguments, **options)

        return stopped


async def states(database: MongoDatabase) -> dict[int, str]:
    return {line.generation: line.state for line in await list_generations(database)}


async def test_one_that_goes_on_preparing_leaves_alone_what_the_next_one_has_made(
    run: Callable[[], Awaitable[int]], database: MongoDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = Stopped(prepare)
    monkeypatch.setattr(rebuilder, "prepare", stopped)
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(refused(run), name="first")
        await stopped.reached.wait()
        live = await run()
        seen = database[collection_name(Collection.CHATS, live)]
        await seen.insert_one(dict(SEEN), bypass_document_validation=True)
        positions = database[Collection.POSITIONS].find({"generation": live})
        before = await positions.to_list(None)
        stopped.goes_on.set()
    assert "was abandoned meanwhile" in first.result()
    assert await seen.find_one({}) == SEEN
    assert await database[Collection.POSITIONS].find({"generation": live}).to_list(None) == before
    assert await live_generation(database) == live
    assert len(before) == PARTITIONS


async def refused(run: Callable[[], Awaitable[int]]) -> str:
    with pytest.raises(StoreError) as error:
        await run()
    return str(error.value)


async def test_what_a_killed_one_was_preparing_is_given_up_and_another_number_taken(pipeline: Pipeline) -> None:
    database = pipeline.database
    before = set(await database.list_collection_names())
    command = await run_until_killed(pipeline, "waypost", "rebuild", at="waypost_store.schema:ensure_collection", call=4)
    assert command.log == "making generation 2\n"
    assert await states(database) == {1: "live", 2: "preparing"}
    left = {collection_name(one, 2) for one in PROJECTIONS[:3]}
    assert set(await database.list_collection_names()) - before == left
    await database[Collection.LEASES].delete_one({"_id": "rebuild"})  # as if its time had run out
    await pipeline.start("waypost-ingest")
    code, out, err = await Command(pipeline.settings)("rebuild")
    assert (code, out) == (0, "generation 3 is live instead of 1\n"), err
    assert "generation 2 was left unfinished: `waypost generations drop` removes it" in err
    assert await states(database) == {1: "old", 2: "old", 3: "live"}


async def test_the_number_of_one_that_was_abandoned_and_dropped_is_never_used_again(
    run: Callable[[], Awaitable[int]], database: MongoDatabase
) -> None:
    records = GenerationRecords(database)
    await records.begin(await records.take_number([]), carried=[])
    assert await abandon(database) == 2
    assert await drop_generations(database, lambda _line: None) == [2]
    assert await states(database) == {1: "live"}
    assert await run() == 3


async def test_one_that_was_begun_by_an_earlier_version_can_be_finished(
    run: Callable[[], Awaitable[int]], database: MongoDatabase
) -> None:
    assert await run() == 2
    made = {"generation": 3, "state": GenerationState.BUILDING.value}
    await database[Collection.GENERATIONS].insert_one({"_id": "g3", **made})
    await database[Collection.GENERATIONS].update_one({"_id": "live"}, {"$unset": {"newest": True, "making": True}})
    async for position in database[Collection.POSITIONS].find({"generation": 2}):
        copy = {**position, "_id": f"3|{position['partition']}", "generation": 3}
        await database[Collection.POSITIONS].insert_one(copy)
    assert await run() == 3
    assert await run() == 4


async def test_one_that_was_about_to_switch_cannot_once_its_generation_was_abandoned_and_dropped(
    run: Callable[[], Awaitable[int]], database: MongoDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = Stopped(GenerationRecords.make_live)
    monkeypatch.setattr(GenerationRecords, "make_live", stopped.as_method())
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(refused(run), name="first")
        await stopped.reached.wait()
        assert await abandon(database) == 2
        assert await drop_generations(database, lambda _line: None) == [2]
        stopped.goes_on.set()
    assert "was abandoned meanwhile" in first.result()
    assert await states(database) == {1: "live"}
