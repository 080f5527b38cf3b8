"""Chat flags on WhatsApp itself. The test plays ingest and the connector: it stores chats and publishes outcomes."""

import time
from typing import Any

import pytest
from tests.integration.store.conftest import JID, System, header_is, running_store
from tests.processes import eventually

from waypost_common.claims import Start, claim
from waypost_common.consumption import Record
from waypost_common.documents import ChatDocument, Collection, chat_document_id
from waypost_common.identifiers import CommandId, EpochMs, Jid, SessionId, push_id_of_command
from waypost_common.live_commands import LIVE_COMMAND_ADAPTER, ChatPushCommand
from waypost_common.outcomes import Outcome, OutcomeStatus, encode_outcome
from waypost_common.topics import OUTCOMES, live_commands
from waypost_store.app import StoreService

LIVE = live_commands("simulated")


@pytest.fixture
async def pushing(system: System, store: StoreService) -> System:
    """The store runs; session S1 is connected and lists `chat.update`; its one chat is stored."""
    await connect(system)
    await keep_chat(system)
    return system


async def connect(system: System, session: str = "S1", **changes: Any) -> None:
    fields = {"status": "working", "operations": ["message.send", "chat.update"], "backend": "simulated", "removed": False}
    await system.database[Collection.SESSIONS].update_one({"_id": session}, {"$set": fields | changes})


async def keep_chat(system: System, session: str = "S1", **changes: Any) -> None:
    chat_id = chat_document_id(SessionId(session), Jid(JID))
    chat: dict[str, Any] = dict.fromkeys(ChatDocument.__required_keys__)
    chat |= {"_id": chat_id, "session": session, "organization": "org_1", "jid": JID, "visible": True, "sortKey": "", "epoch": -1}
    chat |= {"archived": True, "pinned": False, "partition": 0, "offset": 0}
    await system.database[Collection.CHATS].replace_one({"_id": chat_id}, chat | changes, upsert=True)


async def change(system: System, session: str = "S1", **flags: Any) -> CommandId:
    """A change of the chat's flags that has become an event."""
    command = await system.command("chat.update", session=session, payload={"chatJid": JID} | (flags or {"archived": True}))
    await system.event_of(command)
    return CommandId(command)


async def tell(system: System, command: CommandId, status: str = "succeeded") -> None:
    outcome = Outcome(command=command, status=OutcomeStatus(status), at=EpochMs(time.time_ns() // 1_000_000))
    await system.publish(OUTCOMES, encode_outcome(outcome), command.encode())


async def pushes(system: System, command: CommandId, count: int = 1) -> list[ChatPushCommand]:
    found = []
    for record in await system.records(LIVE, is_push_of(command), count):
        assert record.key == b"S1"
        assert header_is("command", "chat.update")(record)
        push = LIVE_COMMAND_ADAPTER.validate_json(record.value or b"")
        assert isinstance(push, ChatPushCommand)
        found.append(push)
    return found


def is_push_of(command: CommandId) -> Any:
    def matches(record: Record) -> bool:
        return push_id_of_command(command).encode() in (record.value or b"")

    return matches


async def until_push(system: System, command: CommandId, push: str | None) -> None:
    async def told() -> bool:
        return bool((await system.operation(command, "succeeded"))["push"] == push)

    await eventually(told, f"push {push}")


async def nothing_pushed(system: System, command: CommandId) -> bool:
    """Whether none was before one that is told of later."""
    await tell(system, command)
    marker = await change(system)
    await tell(system, marker)
    await pushes(system, marker)
    return not [record for record in await system.records(LIVE, lambda _: True, 1) if is_push_of(command)(record)]


async def test_flags_are_pushed_once_they_are_stored_and_the_operation_tells_how_it_went(
    pushing: System, store: StoreService
) -> None:
    command = await change(pushing)
    assert (await pushing.operation(command, "started"))["push"] == "pending"
    await tell(pushing, command)
    [push] = await pushes(pushing, command)
    assert (push.id, push.organization) == (push_id_of_command(command), "org_1")
    assert push.payload.model_dump(by_alias=True, exclude_unset=True) == {"chatJid": JID, "archived": True}
    assert (await pushing.operation(command, "succeeded"))["push"] == "pending"
    await tell(pushing, push.id)
    await until_push(pushing, command, "succeeded")
    for result in ("sent", "succeeded"):
        assert store.metrics.registry.get_sample_value("waypost_store_pushes_total", {"result": result}) == 1


async def test_a_push_that_comes_to_nothing_leaves_the_change_a_success(pushing: System) -> None:
    for status, push in (("not_supported", "not_supported"), ("rejected", "failed"), ("expired", "failed")):
        command = await change(pushing)
        await tell(pushing, command)
        [sent] = await pushes(pushing, command)
        await tell(pushing, sent.id, status)
        await until_push(pushing, command, push)


async def test_what_no_connector_can_tell_is_not_pushed(pushing: System) -> None:
    cannot: dict[str, dict[str, Any]] = {
        "S2": {"operations": ["message.send"]},
        "S3": {"operations": None},
        "S4": {"status": "stopped"},
        "S5": {"backend": "x"},
    }
    for session, fields in cannot.items():
        await pushing.add_session(session)
        await connect(pushing, session, **fields)
        await keep_chat(pushing, session)
        command = await change(pushing, session)
        await tell(pushing, command)
        assert (await pushing.operation(command, "succeeded"))["push"] is None
        assert await nothing_pushed(pushing, command)


async def test_a_chat_that_ingest_does_not_find_is_not_pushed(pushing: System) -> None:
    command = await change(pushing)
    await tell(pushing, command, "rejected")
    assert (await pushing.operation(command, "rejected"))["push"] is None
    assert await nothing_pushed(pushing, command)


async def test_a_chat_that_was_deleted_since_is_not_pushed(pushing: System) -> None:
    command = await change(pushing)
    await keep_chat(pushing, visible=False)
    await tell(pushing, command)
    await until_push(pushing, command, None)
    await keep_chat(pushing)
    assert await nothing_pushed(pushing, command)


async def test_an_outcome_that_comes_late_pushes_what_the_chat_has_by_then(pushing: System) -> None:
    first, second = await change(pushing, archived=True), await change(pushing, archived=False)
    await keep_chat(pushing, archived=False)
    await tell(pushing, second)
    await pushes(pushing, second)
    await tell(pushing, first)
    [push] = await pushes(pushing, first)
    assert push.payload.archived is False


async def test_an_outcome_that_comes_again_pushes_the_same_again_until_somebody_has_begun(pushing: System) -> None:
    command = await change(pushing)
    await tell(pushing, command)
    [push] = await pushes(pushing, command)
    await tell(pushing, command)
    assert await pushes(pushing, command, 2) == [push, push]
    await claim(pushing.database[Collection.OPERATIONS], [(push, Start())], now=push.issued_at, keep_days=7)
    await tell(pushing, command)
    last = await change(pushing)
    await tell(pushing, last)
    await pushes(pushing, last)
    assert await pushes(pushing, command) == [push, push]


async def test_a_push_that_a_crash_kept_from_kafka_is_sent_by_the_next_store(pushing: System, store: StoreService) -> None:
    """The crash lay after the outcome was written and before it was committed."""
    command = await change(pushing)
    await store.app.stop()
    operations = pushing.database[Collection.OPERATIONS]
    await operations.update_one({"_id": command}, {"$set": {"status": "succeeded", "finishedAt": 1}})
    await tell(pushing, command)
    async with running_store(pushing.settings):
        [push] = await pushes(pushing, command)
        await tell(pushing, push.id)
        await until_push(pushing, command, "succeeded")


async def test_a_push_that_nobody_carries_out_fails(pushing: System) -> None:
    command = await change(pushing)
    await tell(pushing, command)
    [push] = await pushes(pushing, command)
    past = {"deadline": time.time_ns() // 1_000_000 - 60_000}
    await pushing.database[Collection.OPERATIONS].update_one({"_id": push.id, "status": "pending"}, {"$set": past})
    await until_push(pushing, command, "failed")
    assert (await pushing.operation(push.id, "expired"))["pushOf"] == command


async def test_a_push_of_which_nobody_knows_fails_and_succeeds_once_its_end_is_told_after_all(pushing: System) -> None:
    command = await change(pushing)
    await tell(pushing, command)
    [push] = await pushes(pushing, command)
    long_ago = {"status": "started", "deadline": time.time_ns() // 1_000_000 - 600_000}
    await pushing.database[Collection.OPERATIONS].update_one({"_id": push.id}, {"$set": long_ago})
    assert (await pushing.outcome_of(push.id))["status"] == "unknown"
    await until_push(pushing, command, "failed")
    await tell(pushing, push.id)
    await until_push(pushing, command, "succeeded")
