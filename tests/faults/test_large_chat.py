"""A chat of 100,000 messages is deleted at once, and nothing that is delivered again from before brings any of it back."""

import asyncio
import re
import signal
import time

import httpx
import pytest
from tests.events import ALICE, ORGANIZATION, SESSION, message, working_session
from tests.faults.figures import Figures
from tests.faults.history import applied, assert_as_if_nothing_had_happened, load, logs, make_history, until_more_applied
from tests.faults.thorough import thorough
from tests.plugins.pipeline import Pipeline
from tests.processes import Process, eventually

from waypost_common.events import Event

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

MESSAGES, CHUNK = 100_000, 5_000
FROZEN_AT, REMEMBERED_AT = 50_000, 70_000
FIRST_CHAT, SMALL_CHAT = "6288888888888@s.whatsapp.net", "6289999999999@s.whatsapp.net"
OF_SESSION = f"/api/v1/sessions/{SESSION}/chats"
SHORT_SESSION = {"WAYPOST_KAFKA_SESSION_TIMEOUT_MS": "6000"}
PURGES = {"WAYPOST_STORE_PURGE_INTERVAL_S": "0.5"}

EVENTS_APPLIED = re.compile(r"^waypost_ingest_events_total\{.*\} (\S+)$", re.MULTILINE)

Positions = dict[str, dict[str, object]]


@thorough
async def test_100_000_messages_of_one_chat_are_gone_at_once_and_stay_gone(pipeline: Pipeline, figures: Figures) -> None:
    zombie, other = (pipeline.process("waypost-ingest", **SHORT_SESSION) for _ in range(2))
    zombie.start()
    store, api, key, _ = await asyncio.gather(
        pipeline.start("waypost-store"), pipeline.start_api(), pipeline.api_key(ORGANIZATION), zombie.until_ready()
    )
    await pipeline.publish([working_session(), message("S1", chat=FIRST_CHAT), message("S2", chat=SMALL_CHAT)])
    async with load(pipeline, make_history(15_000), a_second=50):
        remembered = await fill(pipeline, zombie, other)
    await assert_as_if_nothing_had_happened(pipeline)

    async with pipeline.client(api, key) as client, load(pipeline, make_history(15_000, seed=8), a_second=50):
        assert (await client.get(f"{OF_SESSION}/{ALICE}")).json()["unreadCount"] == MESSAGES
        await seconds_to_delete(client, FIRST_CHAT)  # the first change opens connections
        figures.tell("a chat of 1 message deleted", await seconds_to_delete(client, SMALL_CHAT))
        figures.tell("a chat of 100,000 messages deleted", await seconds_to_delete(client, ALICE))
        await wake_up(pipeline, zombie)
        await until_more_applied(pipeline, 100)
        await assert_gone(client)
        await deliver_again(pipeline, remembered, zombie, other)
        await assert_gone(client)
        assert await kept(pipeline) == MESSAGES, "not purged yet"

        assert await asyncio.to_thread(store.end, signal.SIGTERM) == 0
        store.environment |= PURGES
        store.start()
        with figures.until("100,000 messages purged"):
            await until_purged(pipeline)
        await deliver_again(pipeline, remembered, zombie, other)
        await assert_gone(client)
        assert await kept(pipeline) == 0

        await pipeline.publish([message("AFTER")])
        await eventually(lambda: shows_one_message(client), "the chat is back with what came after")
    await assert_as_if_nothing_had_happened(pipeline)


async def fill(pipeline: Pipeline, zombie: Process, other: Process) -> Positions:
    """All messages, in chunks; one ingest hangs in the middle of one, and another goes on. Returns positions of later."""
    remembered: Positions = {}
    for first in range(0, MESSAGES, CHUNK):
        await pipeline.publish(messages(first, CHUNK))
        if first == FROZEN_AT:
            await until_more_applied(pipeline, CHUNK // 2)
            await zombie.freeze()
            other.start()
        await until_stored(pipeline, first)
        if first == REMEMBERED_AT:
            remembered = {one["_id"]: one async for one in pipeline.database["positions"].find({})}
    await until_stored(pipeline, MESSAGES)
    return remembered


def messages(first: int, count: int) -> list[Event]:
    return [
        message(f"M{number}", pushName=f"Alice {number % 7}", body=f"text {number}") for number in range(first, first + count)
    ]


async def kept(pipeline: Pipeline) -> int:
    """Messages of the large chat that MongoDB holds."""
    return await pipeline.database["messages"].count_documents({"session": SESSION, "chatJid": ALICE})


async def until_stored(pipeline: Pipeline, count: int) -> None:
    async def stored() -> bool:
        return await kept(pipeline) >= count

    await eventually(stored, lambda: f"{count} messages stored\n{logs(pipeline)}", every=0.5)


async def seconds_to_delete(client: httpx.AsyncClient, chat: str) -> float:
    """From the request until every read says that it is gone."""
    began = time.monotonic()
    assert (await client.delete(f"{OF_SESSION}/{chat}")).status_code == 204
    assert (await client.get(f"{OF_SESSION}/{chat}")).status_code == 404
    assert (await client.get(f"{OF_SESSION}/{chat}/messages")).status_code == 404
    listed = (await client.get(OF_SESSION, params={"limit": 200})).json()["data"]
    assert chat not in {one["jid"] for one in listed}
    return time.monotonic() - began


async def assert_gone(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"{OF_SESSION}/{ALICE}")).status_code == 404
    assert (await client.get(f"{OF_SESSION}/{ALICE}/messages")).status_code == 404


async def wake_up(pipeline: Pipeline, zombie: Process) -> None:
    """It goes on with the batch that it had at hand, and joins the group again."""
    joined = zombie.log.count("partitions_assigned")
    zombie.send_signal(signal.SIGCONT)
    await eventually(
        lambda: zombie.log.count("partitions_assigned") > joined, lambda: f"it takes part again\n{zombie.log[-3_000:]}"
    )


async def deliver_again(pipeline: Pipeline, remembered: Positions, *replicas: Process) -> None:
    """As an operator does who restores the positions of before from a backup: everything since then is read once more."""
    for replica in replicas:
        assert await asyncio.to_thread(replica.end, signal.SIGTERM) == 0
    before = await applied(pipeline)
    for identifier, position in remembered.items():
        await pipeline.database["positions"].replace_one({"_id": identifier}, position)
    again = before - await applied(pipeline)
    assert again >= MESSAGES - REMEMBERED_AT - CHUNK
    for replica in replicas:
        replica.start()
    await pipeline.until_applied()

    async def applied_again() -> bool:
        return sum([await asyncio.to_thread(applied_by, replica) for replica in replicas]) >= again

    await eventually(applied_again, lambda: f"{again} events applied again\n{logs(pipeline)}", every=0.5)


def applied_by(replica: Process) -> float:
    """Events since its start, by its own counter."""
    _, metrics = replica.probe("/metrics")
    return sum(float(count) for count in EVENTS_APPLIED.findall(metrics))


async def until_purged(pipeline: Pipeline) -> None:
    """Waits for as long as there are ever fewer: the purge takes at most half of MongoDB's time."""
    while left := await kept(pipeline):

        async def fewer(than: int = left) -> bool:
            return await kept(pipeline) < than

        await eventually(fewer, lambda: f"fewer than {left} messages of the chat\n{logs(pipeline)}", every=0.5)


async def shows_one_message(client: httpx.AsyncClient) -> bool:
    answer = await client.get(f"{OF_SESSION}/{ALICE}/messages")
    return answer.status_code == 200 and [one["body"] for one in answer.json()["data"]] == ["Hello"]
