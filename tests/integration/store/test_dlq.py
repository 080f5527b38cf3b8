"""`waypost dlq` as an operator runs it, on real queues: what is replayed ends in the documents, once."""

import asyncio
import json
import os
import pty
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.events import ALICE, SESSION, message, now, working_session
from tests.integration.store.conftest import JID
from tests.integration.store.test_cli import DEADLINE_S, PROGRAMS, Command
from tests.plugins.pipeline import Pipeline
from tests.processes import eventually

from waypost_common.documents import Collection
from waypost_common.events import Event, encode_event, key_of
from waypost_common.identifiers import new_command_id
from waypost_common.kafka import create_producer, header_text
from waypost_common.report.letters import Filters, Queue
from waypost_common.report.queue_reader import open_queue
from waypost_common.report.settled import load_settled
from waypost_common.topics import COMMANDS_DLQ, COMMANDS_STORE, EVENTS, EVENTS_DLQ, topic_name
from waypost_store.dlq.replaying import Replayed, Replaying
from waypost_store.dlq.settled import Settling

BOB = "6289876543210@s.whatsapp.net"


@pytest.fixture
def waypost(pipeline: Pipeline) -> Command:
    return Command(pipeline.settings)


async def bury(pipeline: Pipeline, event: Event, *, offset: int, reason: str = "schema_violation") -> None:
    """As an older ingest would have set the event aside; `offset`: where it stood in the log."""
    headers = {
        "event": event.event,
        "dlq-reason": reason,
        "dlq-origin-topic": topic_name(pipeline.settings.kafka, EVENTS),
        "dlq-origin-partition": "0",
        "dlq-origin-offset": str(offset),
    }
    await pipeline.publish_raw(
        encode_event(event), key_of(event), EVENTS_DLQ, [(name, text.encode()) for name, text in headers.items()]
    )


async def listed(waypost: Command, *arguments: str) -> list[dict[str, Any]]:
    code, out, err = await waypost("dlq", "list", "--json", *arguments)
    assert (code, err) == (0, "")
    return list(json.loads(out))


async def counts(waypost: Command) -> list[tuple[int, dict[str, int], bool]]:
    """Of both queues as `waypost status` tells: how many, why, and whether there is a newest."""
    _, out, _ = await waypost("status", "--json")
    return [(one["count"], one["byReason"], one["newestAt"] is not None) for one in json.loads(out)["deadLetters"]]


async def bodies(pipeline: Pipeline) -> dict[str, str]:
    found = pipeline.database[Collection.MESSAGES].find({}).sort("messageId", 1)
    return {one["messageId"]: one["body"][:5] async for one in found}


@pytest.mark.slow
async def test_poison_is_applied_once_when_it_is_replayed_after_its_cause_is_gone(pipeline: Pipeline, waypost: Command) -> None:
    ingest = await pipeline.start("waypost-ingest", WAYPOST_BATCH_MAX_EVENT_BYTES="1024")
    long = [message(f"LONG{number}", body=f"long{number}" + "x" * 2_000) for number in range(3)]
    await pipeline.publish([working_session(), message("A"), long[0], message("B"), long[1], long[2]])
    theirs = message("THEIRS", envelope={"organization": "org_2"})
    await pipeline.publish([theirs, message("C")])
    await pipeline.until_applied()
    assert set(await bodies(pipeline)) == {"A", "B", "C"}
    assert await counts(waypost) == [(4, {"too_large": 3, "organization_mismatch": 1}, True), (0, {}, False)]

    # The limit of the running ingest is known to `waypost` by the same variable.
    waypost.environment |= {"WAYPOST_BATCH_MAX_EVENT_BYTES": "1024"}
    code, out, err = await waypost("dlq", "replay", "--topic", "events")
    assert (code, out) == (1, "0 dead letters replayed, 4 refused\n")
    assert ("again (too_large)" in err, "again (organization_mismatch)" in err, "xxx" in err) == (True, True, False)

    ingest.end()
    await pipeline.start("waypost-ingest")
    del waypost.environment["WAYPOST_BATCH_MAX_EVENT_BYTES"]
    asked = ("dlq", "replay", "--topic", "events", "--reason", "too_large", "--session", SESSION, "--since", "1h")
    assert (await waypost(*asked, "--dry-run"))[:2] == (0, "3 dead letters would be replayed\n")
    assert (await waypost(*asked))[:2] == (0, "3 dead letters replayed\n")
    await pipeline.until_applied()
    applied = await bodies(pipeline)
    assert applied == {"A": "Hello", "B": "Hello", "C": "Hello", "LONG0": "long0", "LONG1": "long1", "LONG2": "long2"}
    assert await counts(waypost) == [(1, {"organization_mismatch": 1}, True), (0, {}, False)]
    assert [one["settled"] and one["settled"]["how"] for one in await listed(waypost, "--all")] == [*["replayed"] * 3, None]

    # As if it had been killed before it noted them.
    chats = await pipeline.database[Collection.CHATS].find({}).to_list(None)
    await pipeline.database[Collection.DEAD_LETTERS_SETTLED].delete_many({})
    assert (await waypost(*asked))[:2] == (0, "3 dead letters replayed\n")
    await pipeline.until_applied()
    assert await bodies(pipeline) == applied
    for chat, before in zip(await pipeline.database[Collection.CHATS].find({}).to_list(None), chats, strict=True):
        assert {**chat, "offset": 0} == {**before, "offset": 0}


async def test_replayed_records_of_a_key_keep_the_order_of_the_log_and_their_bytes(pipeline: Pipeline) -> None:
    offsets = [4, 0, 3, 3, 1, 2]
    for offset in offsets:
        for chat in (ALICE, BOB):
            await bury(pipeline, message(f"M{offset}", chat=chat, body=f"{offset}"), offset=offset)
    result = await replay(pipeline)
    assert (result.replayed, result.refused) == (12, [])
    for chat in (ALICE, BOB):
        found = [record for record in await pipeline.read_all() if record.key == f"{SESSION}|{chat}".encode()]
        assert [json.loads(record.value)["payload"]["body"] for record in found] == list("012334")
        assert len({record.partition for record in found}) == 1
        assert {name for record in found for name, _ in record.headers} == {"event", "replay-of"}
    originals = {record.value for record in await pipeline.read_all(EVENTS_DLQ)}
    assert {record.value for record in await pipeline.read_all()} == originals
    assert (await replay(pipeline)).found == 0


async def test_what_was_not_noted_before_an_interruption_is_replayed_again_and_the_rest_is_not(pipeline: Pipeline) -> None:
    for offset in range(201):
        await bury(pipeline, message(f"M{offset}"), offset=offset)
    with pytest.raises(KeyboardInterrupt):
        await replay(pipeline, interrupted=True)
    assert len(await load_settled(pipeline.database, topic_name(pipeline.settings.kafka, EVENTS_DLQ))) == 200
    assert (await replay(pipeline)).replayed == 1
    assert len(await pipeline.read_all()) == 201


async def replay(pipeline: Pipeline, *, interrupted: bool = False) -> Replayed:
    """Of the events that are left. `interrupted`: after the first part."""

    def report(so_far: Replayed) -> None:
        if interrupted and so_far.done:
            raise KeyboardInterrupt

    kafka, database = pipeline.settings.kafka, pipeline.database
    topic = Queue.EVENTS.topic(kafka)
    settling = Settling(database, topic, by="test", expires_at=None)
    async with open_queue(kafka, Queue.EVENTS) as reader, create_producer(kafka, client_id="test") as producer:
        settled = await load_settled(database, topic)
        left = [one for one in await reader.letters(Queue.EVENTS, Filters()) if one.place not in settled]
        work = Replaying(kafka, database, 1, reader, max_event_bytes=4_096, force=False)
        return await work.run(left, report, (producer, settling))


async def test_events_that_would_undo_newer_ones_are_replayed_only_when_forced(pipeline: Pipeline, waypost: Command) -> None:
    await bury(pipeline, working_session(), offset=0)
    code, out, err = await waypost("dlq", "replay", "--topic", "events", "--json")
    (refused,) = json.loads(out)["refused"]
    assert (code, err, refused["forcible"], refused["key"]) == (1, "", True, SESSION)
    assert "undo" in refused["refused"]
    assert (await waypost("dlq", "replay", "--topic", "events", "--force"))[:2] == (0, "1 dead letter replayed\n")
    assert [record.key for record in await pipeline.read_all()] == [SESSION.encode()]


async def test_a_dead_letter_is_listed_without_its_text_shown_when_asked_and_dropped_when_confirmed(
    pipeline: Pipeline, waypost: Command
) -> None:
    await bury(pipeline, message("A", body="Secret"), offset=7)
    between = now() + 1
    await eventually(lambda: now() > between, "a later millisecond", every=0.001)
    await bury(pipeline, message("B", body="Secret", chat=BOB), offset=8, reason="wrong_key")
    code, out, err = await waypost("dlq", "list", "--topic", "events", "--reason", "wrong_key")
    assert (code, err, out.count("\n"), f"{SESSION}|{BOB}" in out, "Secret" in out) == (0, "", 1, True, False)
    assert [one["key"] for one in await listed(waypost, "--until", iso(between))] == [f"{SESSION}|{ALICE}"]
    partition, offset = out.split()[1].split("/")
    named = ("--topic", "events", "--partition", partition, "--offset", offset)
    assert "Secret" in (await waypost("dlq", "show", *named, "--value"))[1]

    assert (await waypost("dlq", "drop", *named, "--until", "1h", "--yes"))[:2] == (0, "0 dead letters dropped\n")
    code, out, err = await waypost("dlq", "drop", *named)
    assert (code, out, "--yes" in err) == (1, "", True)
    assert await pipeline.database[Collection.DEAD_LETTERS_SETTLED].count_documents({}) == 0
    assert (await waypost("dlq", "drop", *named, "--yes"))[:2] == (0, "1 dead letter dropped\n")
    assert [one["reason"] for one in await listed(waypost)] == ["schema_violation"]
    assert await answered(waypost, b"n\n", "dlq", "drop", "--topic", "events") == (1, "")
    assert await answered(waypost, b"y\n", "dlq", "drop", "--topic", "events") == (0, "1 dead letter dropped\n")
    noted = await pipeline.database[Collection.DEAD_LETTERS_SETTLED].find_one({"how": "dropped"})
    assert noted is not None
    days = (noted["expiresAt"].timestamp() * 1_000 - noted["at"]) / 86_400_000
    assert 44 < days < 46
    assert await pipeline.read_all() == []


def iso(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000, UTC).isoformat()


async def answered(waypost: Command, answer: bytes, *arguments: str) -> tuple[int | None, str]:
    """Exit code and standard output of a command on a terminal, where somebody answers its question."""
    terminal, side_of_the_program = pty.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            str(PROGRAMS / "waypost"),
            *arguments,
            env=waypost.environment,
            stdin=side_of_the_program,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        os.write(terminal, answer)
        async with asyncio.timeout(DEADLINE_S):
            out, err = await process.communicate()
    finally:
        os.close(terminal)
        os.close(side_of_the_program)
    assert "Drop 1 dead letter of events?" in err.decode()
    return process.returncode, out.decode()


async def test_a_command_is_replayed_to_its_own_topic_and_one_that_is_too_late_is_not(
    pipeline: Pipeline, waypost: Command
) -> None:
    ids = [new_command_id(), new_command_id()]
    for number, (command, deadline) in enumerate(zip(ids, (now() + 600_000, now()), strict=True)):
        body = {
            "schema": "v1",
            "id": command,
            "command": "chat.read",
            "session": SESSION,
            "organization": "org_1",
            "actor": {"kind": "program", "id": "test"},
            "issuedAt": now(),
            "deadline": deadline,
            "payload": {"chatJid": JID},
        }
        origin = topic_name(pipeline.settings.kafka, COMMANDS_STORE).encode()
        headers = [
            ("dlq-reason", b"schema_violation"),
            ("dlq-origin-topic", origin),
            ("dlq-origin-partition", b"0"),
            ("dlq-origin-offset", str(number).encode()),
        ]
        await pipeline.publish_raw(json.dumps(body).encode(), f"{SESSION}|{JID}", COMMANDS_DLQ, headers)
    code, out, err = await waypost("dlq", "replay", "--topic", "commands")
    assert (code, out) == (1, "1 dead letter replayed, 1 refused, 1 of them would go with --force\n")
    assert "its deadline has passed" in err
    (record,) = await pipeline.read_all(COMMANDS_STORE)
    assert (json.loads(record.value)["id"], record.key) == (ids[0], f"{SESSION}|{JID}".encode())
    assert (header_text(record.headers, "replay-of") or "").startswith("commands|")
