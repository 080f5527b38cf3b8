"""Commands on `wa.commands.store`, from Kafka to Kafka."""

import asyncio
import json
import time
from typing import Any

import pytest
from tests.integration.store.conftest import JID, System, header_is, key_is, running_store
from tests.processes import eventually

from waypost_common.documents import Collection
from waypost_common.events import EVENT_ADAPTER, key_of
from waypost_common.identifiers import CommandId, event_id_of_command, new_command_id
from waypost_common.outcomes import Outcome, OutcomeStatus, encode_outcome
from waypost_common.topics import COMMANDS_STORE, OUTCOMES
from waypost_store.app import StoreService

pytestmark = pytest.mark.usefixtures("store")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
LEFT_BEHIND = {"outbox": {"command": b"{}", "backend": None}}


async def test_a_command_becomes_one_event_that_names_it(system: System) -> None:
    command = await system.command(
        "chat.update", payload={"chatJid": JID, "archived": True}, headers=[("traceparent", TRACE.encode())]
    )
    record = await system.event_of(command)
    event = EVENT_ADAPTER.validate_json(record.value or b"")
    assert event.id == event_id_of_command(CommandId(command))
    assert record.key == key_of(event).encode()
    headers = {name: value.decode() for name, value in record.headers}
    operation = await system.operation(command, "started")
    assert headers == {
        "event": "chat.update", "schema": "v1", "command": command, "command-deadline": str(operation["deadline"]),
        "command-last": "true", "traceparent": TRACE,
    }  # fmt: skip


async def test_a_recorded_operation_is_claimed_and_keeps_what_the_api_wrote(system: System) -> None:
    command = new_command_id()
    await system.database[Collection.OPERATIONS].insert_one(pending(command) | {"requestHash": "abc", "idempotencyKey": "k"})
    await system.command(id=command)
    await system.event_of(command)
    operation = await system.operation(command, "started")
    assert (operation["requestHash"], operation["idempotencyKey"]) == ("abc", "k")


async def test_what_was_to_be_published_is_forgotten_once_the_command_is_claimed(system: System) -> None:
    taken, refused = new_command_id(), new_command_id()
    await system.database[Collection.OPERATIONS].insert_many([pending(one) | LEFT_BEHIND for one in (taken, refused)])
    await system.command(id=taken)
    await system.command(id=refused, deadline=1)
    assert "outbox" not in await system.operation(taken, "started")
    assert "outbox" not in await system.operation(refused, "expired")


async def test_a_command_that_came_by_kafka_alone_gets_an_operation_that_expires(system: System) -> None:
    operation = await system.operation(await system.command(), "started")
    assert operation["organization"] == "org_1"
    assert operation["expiresAt"] is not None


@pytest.mark.parametrize("changes", [{"session": "nowhere"}, {"organization": "org_2"}])
async def test_a_session_that_is_not_the_organizations_is_not_found(system: System, changes: dict[str, Any]) -> None:
    command = await system.command(**changes)
    outcome = await system.outcome_of(command)
    assert (outcome["status"], outcome["code"]) == ("rejected", "not_found")
    assert (await system.operation(command, "rejected"))["message"] == outcome["message"]


async def test_a_session_that_was_removed_since_is_not_found(system: System) -> None:
    await system.event_of(await system.command())
    await system.database[Collection.SESSIONS].update_one({"_id": "S1"}, {"$set": {"removed": True}})

    async def not_found() -> bool:
        await system.command()
        return await system.database[Collection.OPERATIONS].find_one({"status": "rejected", "code": "not_found"}) is not None

    await eventually(not_found, "a command for it is refused")


async def test_a_command_past_its_deadline_expires_without_an_event(system: System) -> None:
    late = await system.command(deadline=time.time_ns() // 1_000_000 - 1)
    after = await system.command()
    assert (await system.outcome_of(late))["status"] == "expired"
    await system.event_of(after)
    assert not [seen for seen in await system.records("wa.events", lambda _: True, 1) if header_is("command", late)(seen)]


async def test_a_repeat_of_a_started_command_publishes_the_same_event_again(system: System) -> None:
    command = await system.command()
    await system.event_of(command)
    await system.command(id=command, deadline=1)
    first, second = await system.records("wa.events", header_is("command", command), 2)
    ids = [json.loads(record.value or b"")["id"] for record in (first, second)]
    assert ids[0] == ids[1]


async def test_a_repeat_of_a_finished_command_has_its_outcome_told_again(system: System) -> None:
    command = new_command_id()
    done = pending(command) | {"status": "succeeded", "finishedAt": 5, "result": {"jid": "x"}}
    await system.database[Collection.OPERATIONS].insert_one(done)
    await system.command(id=command)
    outcome = await system.outcome_of(command)
    assert (outcome["status"], outcome["at"], outcome["result"]) == ("succeeded", 5, {"jid": "x"})


async def test_an_operations_id_cannot_be_used_for_another_organization(system: System) -> None:
    command = new_command_id()
    await system.database[Collection.OPERATIONS].insert_one(pending(command) | {"organization": "org_2"})
    await system.command(id=command)
    letter = await system.record("wa.commands.dlq", header_is("dlq-reason", "organization_mismatch"))
    assert json.loads(letter.value or b"")["id"] == command
    assert (await system.operation(command, "pending"))["organization"] == "org_2"


async def test_bad_records_are_set_aside_and_their_neighbours_done(system: System) -> None:
    key = f"S1|{JID}".encode()
    await system.publish(COMMANDS_STORE, b"{", key)
    await system.publish(COMMANDS_STORE, b" " * (1024 * 1024 + 1), key)
    await system.publish(OUTCOMES, b"[]", b"x")
    neighbour = await system.command()
    await system.event_of(neighbour)
    for reason in ("not_json", "too_large", "schema_violation"):
        letter = await system.record("wa.commands.dlq", header_is("dlq-reason", reason))
        assert dict(letter.headers)["dlq-origin-offset"]


async def test_a_new_session_takes_commands_before_its_document_is_there(system: System) -> None:
    await system.command("session.create", session="S2", payload={"start": False, "label": "Shop"})
    command = await system.command("session.start", session="S2")
    event = json.loads((await system.event_of(command)).value or b"")
    assert event["payload"] == {"desired": "running"}


async def test_a_chats_commands_keep_their_order(system: System) -> None:
    commands = [await system.command("chat.read" if index % 2 else "chat.unread") for index in range(40)]
    records = await system.records("wa.events", key_is(f"S1|{JID}"), len(commands))
    assert [dict(record.headers)["command"].decode() for record in records] == commands


async def test_an_outcome_ends_the_operation_once(system: System) -> None:
    command = await system.command()
    await system.operation(command, "started")
    for at, status in ((7, OutcomeStatus.UNKNOWN), (8, OutcomeStatus.SUCCEEDED), (9, OutcomeStatus.FAILED)):
        outcome = Outcome(command=CommandId(command), status=status, at=at)  # type: ignore[arg-type]
        await system.publish(OUTCOMES, encode_outcome(outcome), command.encode())
    last = await system.command(session="nowhere")
    await system.operation(last, "rejected")
    assert (await system.operation(command, "succeeded"))["finishedAt"] == 8


async def test_an_outcome_of_a_command_that_nobody_recorded_is_kept(system: System) -> None:
    command = new_command_id()
    outcome = Outcome(command=command, status=OutcomeStatus.FAILED, at=7, code="internal")  # type: ignore[arg-type]
    await system.publish(OUTCOMES, encode_outcome(outcome), command.encode())
    assert (await system.operation(command, "failed"))["expiresAt"] is not None


async def test_operations_that_nobody_finishes_are_ended_by_the_sweeper(system: System) -> None:
    waiting, live = new_command_id(), new_command_id()
    long_ago = time.time_ns() // 1_000_000 - 600_000
    await system.database[Collection.OPERATIONS].insert_many(
        [
            pending(waiting) | LEFT_BEHIND | {"deadline": long_ago},
            pending(live) | {"deadline": long_ago, "status": "started", "command": "message.send"},
        ]
    )
    assert (await system.outcome_of(waiting))["status"] == "expired"
    assert (await system.outcome_of(live))["status"] == "unknown"
    assert "outbox" not in await system.operation(waiting, "expired")


async def test_what_was_to_be_published_is_forgotten_with_an_outcome_too(system: System) -> None:
    """Where the record is older than the claim: it was restored from a backup."""
    command = new_command_id()
    await system.database[Collection.OPERATIONS].insert_one(pending(command) | LEFT_BEHIND)
    outcome = Outcome(command=command, status=OutcomeStatus.SUCCEEDED, at=7)  # type: ignore[arg-type]
    await system.publish(OUTCOMES, encode_outcome(outcome), command.encode())
    assert "outbox" not in await system.operation(command, "succeeded")


async def test_a_restart_loses_no_command(system: System, store: StoreService) -> None:
    await store.app.stop()
    command = await system.command()
    async with running_store(system.settings):
        await system.event_of(command)


async def test_two_stores_share_the_work(system: System) -> None:
    async with running_store(system.settings):
        jids = [f"62812{index:04d}@s.whatsapp.net" for index in range(20)]
        commands = await asyncio.gather(*(system.command(payload={"chatJid": jid}) for jid in jids))
        for command in commands:
            await system.event_of(command)


def pending(command: str) -> dict[str, Any]:
    return {
        "_id": command,
        "organization": "org_1",
        "session": "S1",
        "command": "chat.read",
        "status": "pending",
        "createdAt": 1,
        "deadline": 2**42,
        "finishedAt": None,
        "result": None,
        "code": None,
        "message": None,
        "push": None,
        "requestHash": "",
        "expiresAt": None,
    }
