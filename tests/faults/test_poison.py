"""Events that can never be applied hold nothing up, wherever they stand; where there is nothing else, ingest stops."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import pytest
from tests.events import ALICE, SESSION, message, working_session
from tests.faults.crashes import SHORT_SESSION, start_again, start_to_crash, until_killed_at
from tests.faults.figures import Figures
from tests.faults.history import (
    Place,
    assert_as_if_nothing_had_happened,
    dead_letters,
    load,
    make_history,
    until_more_applied,
)
from tests.faults.thorough import thorough
from tests.plugins.pipeline import PARTITIONS, Pipeline
from tests.processes import PROGRAMS, Process, eventually

from waypost_common.events import MAX_EVENT_BYTES, encode_event
from waypost_common.topics import EVENTS, topic_name

pytestmark = pytest.mark.slow

KEY = f"{SESSION}|{ALICE}"
IN_A_ROW = 1_000
"""The default of WAYPOST_DEADLETTERS_CONSECUTIVE."""
BATCH = 200
MIB = 1024 * 1024


async def test_poison_as_the_first_a_middle_and_the_last_event_of_each_partition(pipeline: Pipeline, figures: Figures) -> None:
    history, more = make_history(600), make_history(100, seed=8)
    half = len(history.events) // 2
    poison = await publish_poison(pipeline, 1)
    await pipeline.publish(history.events[:half], history.headers_of)
    poison |= await publish_poison(pipeline, 1)
    await pipeline.publish(history.events[half:], history.headers_of)
    poison |= await publish_poison(pipeline, 1)
    assert_first_a_middle_and_last(poison, await pipeline.ends())

    ingest = await pipeline.start("waypost-ingest", WAYPOST_BATCH_MAX_RECORDS="50")
    await assert_as_if_nothing_had_happened(pipeline, but=poison)
    assert await asyncio.to_thread(ingest.end, signal.SIGTERM) == 0

    ingest.start()  # where the last applied event is one without an id to compare
    await ingest.until_ready()
    with figures.until(f"{len(more.events)} events after poison and a new start, until they are applied"):
        await pipeline.publish(more.events, more.headers_of)
        await pipeline.until_applied()
    await assert_as_if_nothing_had_happened(pipeline, but=poison)
    assert ingest.is_running
    assert sorted(await dead_letters(pipeline)) == sorted(poison.items())


def assert_first_a_middle_and_last(places: Iterable[Place], ends: Mapping[int, int]) -> None:
    """In each partition, with events between them."""
    for partition, end in ends.items():
        first, middle, last = sorted(offset for one, offset in places if one == partition)
        assert (first, last) == (0, end - 1)
        assert first + 1 < middle < last - 1


@thorough
async def test_ingest_killed_once_it_has_set_poison_aside_sets_it_aside_again_and_applies_nothing_twice(
    pipeline: Pipeline,
) -> None:
    poison, history = await publish_poison(pipeline, 1), make_history(400)
    await pipeline.publish(history.events, history.headers_of)
    ingest = pipeline.process("waypost-ingest", WAYPOST_BATCH_MAX_RECORDS="100", **SHORT_SESSION)
    start_to_crash(ingest, "ingest.after_outcome:1")
    await until_killed_at(ingest, "ingest.after_outcome:1")
    before = await dead_letters(pipeline)
    assert before
    start_again(ingest)
    await assert_as_if_nothing_had_happened(pipeline, but=poison)
    assert sorted(await dead_letters(pipeline)) == sorted([*before, *poison.items()]), "under the same origins"


@thorough
async def test_events_over_the_limit_among_good_ones_while_ingest_is_killed(pipeline: Pipeline) -> None:
    largest = of_bytes("LARGEST", MAX_EVENT_BYTES)
    too_large = [of_bytes(f"TOO-LARGE-{size}", size) for size in (MAX_EVENT_BYTES + 1, 3 * MIB, 7 * MIB)]
    service = pipeline.process("waypost-ingest", WAYPOST_BATCH_MAX_RECORDS="50", **SHORT_SESSION)
    await pipeline.publish([working_session()])
    service.start()
    async with load(pipeline, make_history(15_000), a_second=300):
        await pipeline.publish_raw(largest, KEY)
        for value in too_large:
            await until_more_applied(pipeline, 150)
            await pipeline.publish_raw(value, KEY)
            await pipeline.publish([message(f"AFTER-{len(value)}")])
            assert await asyncio.to_thread(service.end, signal.SIGKILL) == -signal.SIGKILL
            service.start()
        await until_more_applied(pipeline, 150)
    await pipeline.until_applied()
    letters = await dead_letters(pipeline)
    assert {value for _, value in letters} == set(too_large)
    assert len({place for place, _ in letters}) == len(too_large)
    await assert_as_if_nothing_had_happened(pipeline, but=[place for place, _ in letters])
    assert service.is_running
    assert {one["messageId"] async for one in pipeline.database["messages"].find({"chatJid": ALICE})} == {
        "LARGEST",
        *(f"AFTER-{len(value)}" for value in too_large),
    }


@thorough
async def test_nothing_but_poison_stops_ingest_and_started_again_it_comes_to_what_is_good(pipeline: Pipeline) -> None:
    good, more = make_history(1_500), make_history(1_500, seed=8)
    ingest = await pipeline.start("waypost-ingest", WAYPOST_BATCH_MAX_RECORDS=str(BATCH))
    await pipeline.publish(good.events, good.headers_of)
    await pipeline.until_applied()
    poison = await publish_poison(pipeline, IN_A_ROW + 300)
    await pipeline.publish(more.events, more.headers_of)

    await assert_stopped_by_poison(ingest)
    buried = await dead_letters(pipeline)
    assert IN_A_ROW < len(buried) <= PARTITIONS * (IN_A_ROW + BATCH)
    assert set(buried) <= poison.items()

    starts = 1
    ingest.start()
    while await ends_before_all_is_applied(pipeline, ingest):
        await assert_stopped_by_poison(ingest)
        ingest.start()
        starts += 1
    print(f"{len(buried)} of {len(poison)} set aside before the stop; started again {starts} times")  # noqa: T201
    buried = await dead_letters(pipeline)
    assert sorted(buried) == sorted(poison.items()), "each of them, once"
    await assert_as_if_nothing_had_happened(pipeline, but=poison)


@thorough
async def test_what_a_wrong_deployment_set_aside_is_brought_back_after_the_right_one(pipeline: Pipeline) -> None:
    """A limit of 1 KiB was deployed, and every event is larger."""
    await pipeline.publish([working_session()])
    right = await pipeline.start("waypost-ingest", WAYPOST_BATCH_MAX_RECORDS=str(BATCH))
    await pipeline.until_applied()
    assert await asyncio.to_thread(right.end) == 0
    long = [message(f"M{number}", chat=chat_of(number), body="long " * 300) for number in range(PARTITIONS * (IN_A_ROW + 300))]
    await pipeline.publish(long)

    wrong = pipeline.process("waypost-ingest", WAYPOST_BATCH_MAX_RECORDS=str(BATCH), WAYPOST_BATCH_MAX_EVENT_BYTES="1024")
    wrong.start()
    await assert_stopped_by_poison(wrong)
    right.start()
    await right.until_ready()
    await pipeline.until_applied()
    set_aside = [place for place, _ in await dead_letters(pipeline)]
    assert IN_A_ROW < len(set_aside) < len(long)
    assert await pipeline.database["messages"].count_documents({}) == len(long) - len(set_aside)

    await waypost(pipeline, "dlq", "replay", "--topic", "events", "--reason", "too_large")
    await assert_as_if_nothing_had_happened(pipeline, but=set_aside)
    assert await pipeline.database["messages"].count_documents({}) == len(long)
    assert len(await dead_letters(pipeline)) == len(set_aside)
    assert json.loads(await waypost(pipeline, "dlq", "list", "--json")) == []


def of_bytes(own_id: str, size: int) -> bytes:
    """A message that is all right but for its size, which it owes to a field that nobody knows yet."""
    body = orjson.loads(encode_event(message(own_id))) | {"later": ""}
    value = orjson.dumps(body | {"later": "x" * (size - len(orjson.dumps(body)))})
    assert len(value) == size
    return value


def chat_of(number: int) -> str:
    return f"6281234567{number % 40:03}@s.whatsapp.net"


async def publish_poison(pipeline: Pipeline, of_each_partition: int) -> dict[Place, bytes]:
    topic = topic_name(pipeline.settings.kafka, EVENTS)
    values = [f"nonsense {number}".encode() for number in range(PARTITIONS * of_each_partition)]
    sends = [
        await pipeline.producer.send(topic, value, key=KEY.encode(), partition=number % PARTITIONS)
        for number, value in enumerate(values)
    ]
    places = [(sent.partition, sent.offset) for sent in await asyncio.gather(*sends)]
    return dict(zip(places, values, strict=True))


async def assert_stopped_by_poison(ingest: Process) -> None:
    assert await asyncio.to_thread(ingest.wait) == 1, ingest.log[-3_000:]
    last_line = ingest.log.rstrip().rpartition("\n")[2]
    assert last_line.startswith("waypost-ingest: ")
    assert "in a row could not be applied; see which with `waypost dlq list`" in last_line


async def ends_before_all_is_applied(pipeline: Pipeline, ingest: Process) -> bool:
    async with asyncio.TaskGroup() as tasks:
        applied = tasks.create_task(pipeline.until_applied(), name="until applied")
        await eventually(lambda: applied.done() or not ingest.is_running, "all is applied, or ingest has ended")
        applied.cancel()
    return not ingest.is_running


async def waypost(pipeline: Pipeline, *arguments: str) -> str:
    command: Any = [str(PROGRAMS / "waypost"), *arguments]
    environment = os.environ | pipeline.environment
    done = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, check=True)
    return str(done.stdout.decode())
