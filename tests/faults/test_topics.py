"""The log is made again or shortened under ingest, and the store's commands are: refused with what to do, or got over."""

import asyncio
import signal
from collections.abc import Collection
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete
from tests.events import ALICE, ORGANIZATION, SESSION, message, working_session
from tests.faults.figures import Figures
from tests.faults.history import (
    History,
    Place,
    assert_as_if_nothing_had_happened,
    assert_outcomes,
    ends_of_operations,
    load,
    logs,
    make_history,
    modelled,
    outcomes,
    until_more_applied,
)
from tests.faults.thorough import thorough
from tests.plugins.pipeline import PARTITIONS, Pipeline
from tests.processes import Process, eventually
from tests.properties.stored_view import stored_view

from waypost_common.documents import NO_OFFSET
from waypost_common.identifiers import new_event_id
from waypost_common.kafka import create_admin
from waypost_common.topics import COMMANDS_STORE, EVENTS, topic_name

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

SETTINGS = {"WAYPOST_BATCH_MAX_RECORDS": "50", "WAYPOST_KAFKA_SESSION_TIMEOUT_MS": "6000"}
CHAT = f"/api/v1/sessions/{SESSION}/chats/{ALICE}"
LEFT = 100
CALLERS = 4
MANY_CHATS = 40
"""So that each partition has one."""


@thorough
async def test_a_log_made_again_is_refused_by_a_running_ingest_and_restored_it_goes_on(pipeline: Pipeline) -> None:
    service, history = await folded(pipeline)
    log, view, told = await pipeline.read_all(), await stored_view(pipeline.database), await outcomes(pipeline)
    await make_again(pipeline, EVENTS)
    async with load(pipeline, make_history(10_000, seed=8), a_second=300):
        await assert_refused(service, "the topic was made again or the address is that of another cluster")
    service.start()
    await assert_refused(service, "the topic was made again or the address is that of another cluster")
    assert await stored_view(pipeline.database) == view, "nothing of another log was applied"
    assert await outcomes(pipeline) == told

    await make_again(pipeline, EVENTS)
    await publish_again(pipeline, log)
    service.start()
    await go_on(pipeline, history)
    await assert_as_if_nothing_had_happened(pipeline)


@thorough
@pytest.mark.parametrize("last", ["event", "dead letter"])
async def test_a_log_made_again_while_ingest_is_down_is_refused_however_long_it_is(pipeline: Pipeline, last: str) -> None:
    service, _ = await folded(pipeline)
    if last == "dead letter":
        for number in range(MANY_CHATS):
            await pipeline.publish_raw(b"{", f"{SESSION}|62812345670{number:02}@s.whatsapp.net")
        await pipeline.until_applied()
        assert {position["eventId"][:7] async for position in pipeline.database["positions"].find({})} == {"sha256:"}
    assert await asyncio.to_thread(service.end, signal.SIGTERM) == 0
    before, view, told = await pipeline.ends(), await stored_view(pipeline.database), await outcomes(pipeline)
    await make_again(pipeline, EVENTS)
    service.start()
    await assert_refused(service, "was applied before: the topic was made again")

    while any(end <= before[partition] for partition, end in (await pipeline.ends()).items()):
        await pipeline.publish(
            message(new_event_id(), chat=f"62812345670{number % MANY_CHATS:02}@s.whatsapp.net") for number in range(400)
        )
    service.start()
    await assert_refused(service, "holds another event than the one applied before: the topic was made again")
    assert await stored_view(pipeline.database) == view, "nothing of another log was applied"
    assert await outcomes(pipeline) == told

    await begin_anew(pipeline, service)


@thorough
@pytest.mark.parametrize("ingest_is", ["stopped", "behind"])
async def test_a_log_shortened_past_what_was_applied_is_refused_until_told_to_go_on(pipeline: Pipeline, ingest_is: str) -> None:
    service = pipeline.process("waypost-ingest", **SETTINGS)
    history = make_history(15_000)
    service.start()
    async with load(pipeline, history, a_second=500):
        await until_more_applied(pipeline, 500)
        await eventually(lambda: applied_everywhere(pipeline), "something is applied in each partition")
        if ingest_is == "stopped":
            assert await asyncio.to_thread(service.end, signal.SIGTERM) == 0
        else:
            await service.freeze()
        await until_published_beyond_positions(pipeline, 3 * LEFT)
    records = await pipeline.read_all()
    starts = await shorten(pipeline)
    if ingest_is == "stopped":
        service.start()
    else:
        service.send_signal(signal.SIGCONT)
    await assert_refused(service, "events expired unread")
    positions = await offsets(pipeline)
    lost = {(one.partition, one.offset) for one in records if positions[one.partition] < one.offset < starts[one.partition]}
    assert lost
    view, verdicts = modelled([one for one in records if one.offset <= positions[one.partition]])
    assert await stored_view(pipeline.database) == view, "what was applied stays, whole"
    await assert_outcomes(pipeline, verdicts)

    await go_on_without(pipeline, starts)
    service.start()
    await assert_the_rest_is_applied(pipeline, records, lost)


@thorough
async def test_the_topic_of_the_stores_commands_is_made_again_under_load(pipeline: Pipeline, figures: Figures) -> None:
    ingest, store, api = await asyncio.gather(
        pipeline.start("waypost-ingest"),
        pipeline.start("waypost-store", WAYPOST_STORE_SWEEP_INTERVAL_S="0.5"),
        pipeline.start_api(WAYPOST_COMMANDS_DEADLINE_MS="3000"),
    )
    key = await pipeline.api_key(ORGANIZATION)
    await pipeline.publish([working_session(), message("A")])
    await pipeline.until_applied()
    over = asyncio.Event()
    async with pipeline.client(api, key) as client, load(pipeline, make_history(15_000), a_second=100):

        async def pin_and_unpin() -> list[int]:
            answers: list[int] = []
            while not over.is_set():
                answers.append((await client.patch(CHAT, json={"pinned": len(answers) % 2 == 0})).status_code)
            return answers

        async def changeable() -> bool:
            return (await client.patch(CHAT, json={"archived": True})).status_code == 200

        async with asyncio.TaskGroup() as tasks:
            pinning = [tasks.create_task(pin_and_unpin(), name=f"caller {number}") for number in range(CALLERS)]
            await until_more_applied(pipeline, 100)
            await store.freeze()  # so that commands go with the topic; the first ones may be on their way to it already
            await eventually(lambda: pending(pipeline, 2 * CALLERS), "commands of each caller that nobody has read")
            await make_again(pipeline, COMMANDS_STORE)
            store.send_signal(signal.SIGCONT)
            with figures.until("wa.commands.store is there again, until the first change"):
                await eventually(changeable, lambda: f"changes again\n{logs(pipeline)}")
            await until_more_applied(pipeline, 100)
            over.set()
        assert {status for one in pinning for status in one.result()} <= {200, 503}
    ended = await ends_of_operations(pipeline)
    expired = {command: verdict for command, verdict in ended.items() if verdict[0] == "expired"}
    await assert_as_if_nothing_had_happened(pipeline, expired)
    assert len(expired) >= CALLERS
    assert all(one.is_running for one in (ingest, store, api))


async def pending(pipeline: Pipeline, count: int) -> bool:
    return await pipeline.database["operations"].count_documents({"status": "pending"}) >= count


async def folded(pipeline: Pipeline) -> tuple[Process, History]:
    """A running ingest that has taken load and applied it, and what is left of the history."""
    service = pipeline.process("waypost-ingest", **SETTINGS)
    history = make_history(10_000)
    service.start()
    async with load(pipeline, history, a_second=500):
        await until_more_applied(pipeline, 1_000)
    await pipeline.until_applied()
    published = sum((await pipeline.ends()).values())
    return service, History(history.events[published:], history.headers)


async def go_on(pipeline: Pipeline, history: History) -> None:
    async with load(pipeline, history, a_second=500):
        await until_more_applied(pipeline, 300)


async def make_again(pipeline: Pipeline, topic: str) -> None:
    await pipeline.recreate_topic(topic_name(pipeline.settings.kafka, topic), PARTITIONS)


async def publish_again(pipeline: Pipeline, log: list[Any]) -> None:
    """Every record to its partition, and so to its offset: what restoring a backup of the log does."""
    topic = topic_name(pipeline.settings.kafka, EVENTS)
    sends = [
        await pipeline.producer.send(topic, one.value, key=one.key, headers=list(one.headers), partition=one.partition)
        for one in log
    ]
    sent = await asyncio.gather(*sends)
    assert [(one.partition, one.offset) for one in sent] == [(one.partition, one.offset) for one in log]


async def begin_anew(pipeline: Pipeline, service: Process) -> None:
    """What docs/reliability.md tells an operator to do who has no backup of the log: another database."""
    former = pipeline.settings.mongo.database
    database = pipeline.database.client[f"{former}_anew"]
    service.environment["WAYPOST_MONGO_DATABASE"] = database.name
    try:
        migrating = pipeline.process("waypost", "migrate", WAYPOST_MONGO_DATABASE=database.name)
        migrating.start()
        assert await asyncio.to_thread(migrating.wait) == 0, migrating.log
        service.start()
        view, _ = modelled(await pipeline.read_all())

        async def folded() -> bool:
            return bool(await stored_view(database) == view)

        await eventually(folded, lambda: f"the new log in the new database\n{service.log[-3_000:]}")
        assert await asyncio.to_thread(service.end) == 0
    finally:
        await pipeline.database.client.drop_database(database.name)


async def assert_refused(service: Process, reason: str) -> None:
    """It ends by itself with the one line that says why."""
    assert await asyncio.to_thread(service.wait) == 1, service.log[-3_000:]
    last_line = service.log.rstrip().rpartition("\n")[2]
    assert last_line.startswith(("waypost-ingest: partition ", "waypost-ingest: offset "))
    assert reason in last_line
    assert "docs/reliability.md" in last_line


async def offsets(pipeline: Pipeline) -> dict[int, int]:
    return {one["partition"]: one["offset"] async for one in pipeline.database["positions"].find({})}


async def applied_everywhere(pipeline: Pipeline) -> bool:
    return all(offset != NO_OFFSET for offset in (await offsets(pipeline)).values())


async def until_published_beyond_positions(pipeline: Pipeline, count: int) -> None:
    """In each partition."""

    async def beyond() -> bool:
        reached = await offsets(pipeline)
        return all(end > reached[partition] + count for partition, end in (await pipeline.ends()).items())

    await eventually(beyond, f"{count} events published that are not applied")


async def shorten(pipeline: Pipeline) -> dict[int, int]:
    """Deletes all but the newest events of each partition, as an expired retention does; says where each begins now."""
    topic = topic_name(pipeline.settings.kafka, EVENTS)
    starts = {partition: end - LEFT for partition, end in (await pipeline.ends()).items()}
    admin = create_admin(pipeline.settings.kafka, client_id="test")
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(topic, one): RecordsToDelete(before_offset=at) for one, at in starts.items()})
    finally:
        await admin.close()
    return starts


async def go_on_without(pipeline: Pipeline, starts: dict[int, int]) -> None:
    """What docs/reliability.md tells an operator to do who has no backup of the log."""
    for partition, start in starts.items():
        await pipeline.database["positions"].update_one(
            {"_id": f"1|{partition}", "offset": {"$lt": start - 1}}, {"$set": {"offset": start - 1, "eventId": None}}
        )


async def assert_the_rest_is_applied(pipeline: Pipeline, records: list[Any], lost: Collection[Place]) -> None:
    await pipeline.until_applied()
    view, verdicts = modelled([one for one in records if (one.partition, one.offset) not in lost])
    assert await stored_view(pipeline.database) == view
    await assert_outcomes(pipeline, verdicts)
