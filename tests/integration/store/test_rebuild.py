"""`waypost rebuild` on real servers: beside the live documents, under load, over kills."""

import asyncio
import json
import re
import signal
from typing import Any

import pytest
from tests.events import ALICE, message, working_session
from tests.faults.history import load, make_history, modelled, outcomes, until_more_applied
from tests.integration.store.test_cli import Command
from tests.integration.store.test_verify import waypost
from tests.pacing import pause
from tests.plugins.pipeline import Pipeline
from tests.processes import Process, eventually
from tests.properties.stored_view import all_documents, view_of

from waypost_common.documents import PROJECTIONS, Collection, collection_name
from waypost_common.generations import GenerationState
from waypost_store.errors import StoreError
from waypost_store.generations import live_generation
from waypost_store.rebuild import drop
from waypost_store.rebuild.drop import drop_generations, list_generations
from waypost_store.rebuild.rebuilder import Rebuilt
from waypost_store.rebuild.records import GenerationRecords
from waypost_store.rebuild.run import rebuild
from waypost_store.verify.run import verify

SHORT_SESSION = {"WAYPOST_KAFKA_SESSION_TIMEOUT_MS": "6000"}


async def rebuilt(pipeline: Pipeline) -> Rebuilt:
    return await rebuild(pipeline.settings, carry=False, report=lambda _line: None)


async def applied(pipeline: Pipeline, *events: Any) -> Process:
    await pipeline.publish(events)
    service = await pipeline.start("waypost-ingest", **SHORT_SESSION)
    await pipeline.until_applied()
    return service


async def folded(pipeline: Pipeline, generation: int) -> int:
    """How many events were folded into a generation."""
    positions = pipeline.database[Collection.POSITIONS].find({"generation": generation})
    return sum([one["offset"] + 1 async for one in positions])


class Changes:
    """A chat is changed over HTTP, again and again; every answer is right."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self.count = 0

    async def make(self, over: asyncio.Event) -> None:
        api = await self._pipeline.start_api()
        await self._pipeline.start("waypost-store")
        async with self._pipeline.client(api, await self._pipeline.api_key("org_1")) as client:
            while not over.is_set():
                wanted = self.count % 2 == 0
                answer = await client.patch(f"/api/v1/sessions/S1/chats/{ALICE}", json={"archived": wanted})
                assert (answer.status_code, answer.json().get("archived")) == (200, wanted), answer.text
                self.count += 1

    async def until_more(self, count: int) -> None:
        before = self.count
        await eventually(lambda: self.count >= before + count, lambda: f"{count} more than {before} changes, now {self.count}")


async def test_under_load_the_new_documents_are_the_logs_and_no_caller_notices_the_switch(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pipeline.publish([working_session(), message("ONE")])
    first, second = (pipeline.process("waypost-ingest", **SHORT_SESSION) for _ in range(2))
    over = asyncio.Event()
    async with load(pipeline, make_history(15_000), a_second=200), asyncio.TaskGroup() as tasks:
        first.start()
        second.start()
        await until_more_applied(pipeline, 500)
        changes = Changes(pipeline)
        tasks.create_task(changes.make(over), name="changes")
        await changes.until_more(5)
        result = await rebuilt(pipeline)
        await changes.until_more(50)
        over.set()
    assert (result.generation, result.replaced, await live_generation(pipeline.database)) == (2, 1, 2)
    await pipeline.until_applied()
    view, verdicts = modelled(await pipeline.read_all())
    assert view_of(await all_documents(pipeline.database, 2)) == view

    async def all_told() -> bool:
        return (await outcomes(pipeline)).keys() >= verdicts.keys()

    await eventually(all_told, "an outcome of each command")
    assert await outcomes(pipeline) == {command: {verdict} for command, verdict in verdicts.items()}
    for service in (first, second):
        assert await asyncio.to_thread(service.end, signal.SIGTERM) == 0
    monkeypatch.setattr(drop, "QUIET_S", 0.0)
    assert await drop_generations(pipeline.database, lambda _line: None) == [1]
    names = set(await pipeline.database.list_collection_names())
    assert names.isdisjoint(PROJECTIONS)
    assert [(one.generation, one.state) for one in await list_generations(pipeline.database)] == [(2, "live")]
    first.start()
    await pipeline.publish([message("TWO")])
    await pipeline.until_applied()
    found: list[Any] = []
    assert (await verify(pipeline.settings, session=None, report=lambda _line: None, found=found.append)).is_equal, found


async def test_one_that_is_killed_goes_on_where_it_was_and_so_does_ingest(pipeline: Pipeline) -> None:
    events = make_history(1_500).events
    await pipeline.publish(events)
    ingest = pipeline.process("waypost-ingest", **SHORT_SESSION, WAYPOST_BATCH_MAX_RECORDS="20")
    ingest.start()
    await pipeline.until_applied()
    command = pipeline.process("waypost", "rebuild", "--json")

    async def until_folded(count: int) -> None:
        async def so_far() -> bool:
            return await folded(pipeline, 2) >= count

        await eventually(so_far, lambda: f"{count} events folded\n{command.log}\n{ingest.log}", every=0.01)

    command.start()
    await until_folded(100)
    assert command.end(signal.SIGKILL) == -signal.SIGKILL
    await until_folded(300)
    ingest.end(signal.SIGKILL)
    before = await folded(pipeline, 2)
    assert before < len(events)
    await pipeline.database[Collection.LEASES].delete_one({"_id": "rebuild"})  # as if its time had run out
    over = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(never_going_back(pipeline, 2, over), name="positions")
        command.start()
        await eventually(lambda: bool(progress_of(command)), lambda: command.log)
        ingest.start()
        await until_folded(before + 20)
        # Else it may be done within the second after which the command tells how far it is.
        await ingest.freeze()
        await eventually(lambda: progress_of(command)[-1]["done"] > 0, lambda: command.log)
        ingest.send_signal(signal.SIGCONT)
        assert await asyncio.to_thread(command.wait) == 0, command.log
        over.set()
    assert_told_from(command, before, len(events))
    assert '"state":"live","generation":2' in command.log
    assert await live_generation(pipeline.database) == 2
    assert await all_documents(pipeline.database, 2) == await all_documents(pipeline.database, 1)


async def never_going_back(pipeline: Pipeline, generation: int, over: asyncio.Event) -> None:
    """Of each partition."""
    highest: dict[int, int] = {}
    while not over.is_set():
        found = pipeline.database[Collection.POSITIONS].find({"generation": generation})
        reached = {one["partition"]: one["offset"] async for one in found}
        assert all(reached.get(partition, -1) >= offset for partition, offset in highest.items()), (highest, reached)
        highest = reached
        await pause(0.01)


def second_run(command: Process) -> str:
    return command.log.partition("going on with generation 2\n")[2]


def progress_of(command: Process) -> list[Any]:
    lines = second_run(command).splitlines()
    return [json.loads(line) for line in lines if line.startswith('{"state":"building"') and line.endswith("}")]


def assert_told_from(command: Process, first: int, events: int) -> None:
    """The second run counts from the event where the first left off, and tells its rate and the time left."""
    told = progress_of(command)
    assert (told[0]["generation"], told[0]["done"], told[0]["total"]) == (2, 0, events - first)
    assert (told[0]["rate"], told[0]["secondsLeft"]) == (0, None)
    under_way = next(one for one in told if one["done"])
    assert under_way["rate"] > 0
    left, rate = under_way["total"] - under_way["done"], under_way["rate"]  # a whole number, so that a small one says little
    assert left / (rate + 0.5) - 1 <= under_way["secondsLeft"] <= left / (rate - 0.5) + 1
    expected = rf"generation 2: {under_way['done']:,} of {under_way['total']:,} events, [\d,]+ a second, \d+ (s|min \d+ s) left\n"
    assert re.search(expected, command.log)


async def test_a_shortened_log_is_refused_and_with_carry_its_documents_are_copied(pipeline: Pipeline) -> None:
    await applied(pipeline, working_session(), *make_history(300).events, *(message(f"M{number}") for number in range(5)))
    await pipeline.shorten_log(ALICE, keep=2)
    command = Command(pipeline.settings)
    code, out, err = await command("rebuild")
    assert (code, out, "with --carry the documents of these partitions are copied" in err) == (1, "", True), err
    assert [one.generation for one in await list_generations(pipeline.database)] == [1]
    code, out, err = await command("rebuild", "--carry", "--json")
    assert code == 0, err
    result = json.loads(out.splitlines()[-1])
    assert (result["state"], result["generation"], result["replaced"]) == ("live", 2, 1)
    [partition] = result["carriedPartitions"]
    assert f"copying messages of partitions [{partition}]\n" in err
    await pipeline.publish([message("LATER")])
    await pipeline.until_applied()

    async def applied_by_both() -> bool:
        return await folded(pipeline, 1) == await folded(pipeline, 2)

    await eventually(applied_by_both, "the former generation is kept up for a while")
    assert await all_documents(pipeline.database, 2) == await all_documents(pipeline.database, 1)
    with pytest.raises(StoreError, match="no longer begins"):
        await verify(pipeline.settings, session=None, report=lambda _line: None, found=lambda _found: None)


async def test_one_that_cannot_go_on_leaves_the_live_documents_alone_and_can_be_abandoned(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest = await applied(pipeline, working_session(), message("ONE"))
    records = GenerationRecords(pipeline.database)
    await records.begin(2, carried=[])
    await records.move(2, GenerationState.BUILDING, out_of=GenerationState)  # without positions
    await eventually(lambda: "generation_stands_still" in ingest.log, lambda: ingest.log)
    await pipeline.publish([message("TWO")])
    await pipeline.until_applied()
    code, out = await waypost(pipeline, "generations", "list", "--json")
    assert (code, [(one["generation"], one["state"]) for one in json.loads(out)]) == (0, [(1, "live"), (2, "building")])
    code, out = await waypost(pipeline, "generations", "abandon")
    assert (code, out.partition(";")[0]) == (0, "abandoned generation 2")
    assert (await waypost(pipeline, "generations", "abandon"))[0] == 1
    monkeypatch.setattr(drop, "QUIET_S", 0.0)
    assert await drop_generations(pipeline.database, lambda _line: None) == [2]
    assert await waypost(pipeline, "generations", "drop") == (0, "nothing to drop\n")
    assert await live_generation(pipeline.database) == 1
    assert collection_name(Collection.CHATS, 1) in await pipeline.database.list_collection_names()
    assert await asyncio.to_thread(ingest.end, signal.SIGTERM) == 0
