"""What may be published again: not what would only come back, and nothing that would undo newer things unless forced."""

import json
from typing import Any

import pytest
from tests.unit.waypost_common.samples import ALICE, GROUP, MESSAGE, NOW, PAYLOADS, event_json
from tests.unit.waypost_store.dlq.letters import SETTINGS, dead_record
from tests.unit.waypost_store.records import COMMAND_ID, command_json

from waypost_common.commands import CommandEnvelope
from waypost_common.consumption import Record
from waypost_common.documents import NO_OFFSET
from waypost_common.events import EVENT_TYPES
from waypost_common.identifiers import EpochMs
from waypost_common.report.letters import Queue, letter_of
from waypost_store.dlq.log_order import DEPENDS_ON_LOG_ORDER
from waypost_store.dlq.refusals import Chat, Known, Owner, Refusal, read_letter, refusal_of

OURS = Owner("S1", "org_1")
THEIRS = Owner("S1", "org_2")
NOBODY = Known(sessions={}, removed=frozenset(), chats={}, operations={})
OF_EVENTS, OF_COMMANDS = ("wa.events", 3, 812), ("wa.commands.store", 3, 7)


def refusal(
    record: Record, known: Known = NOBODY, *, queue: Queue = Queue.EVENTS, now: int = NOW, max_event_bytes: int = 4_096
) -> Refusal | None:
    letter = letter_of(queue, record)
    found = read_letter(letter, record, SETTINGS, max_event_bytes=max_event_bytes)
    return found if isinstance(found, Refusal) else refusal_of(letter, found, known, now=EpochMs(now))


def event_record(name: str, *, key: str | None = None, **envelope: Any) -> Record:
    subject = PAYLOADS[name][1]
    return dead_record(event_json(name, **envelope), key=key or ("S1" if subject is None else f"S1|{subject}"))


def known_chat(owner: Owner = OURS, *, partition: int = 3, epoch: int = NO_OFFSET) -> Known:
    chats = {f"S1|{GROUP}": Chat(owner=owner, partition=partition, epoch=epoch)}
    return Known(sessions={"S1": OURS}, removed=frozenset(), chats=chats, operations={})


@pytest.mark.parametrize("event", EVENT_TYPES)
def test_an_event_of_each_type_is_replayed_or_only_when_forced(event: str) -> None:
    found = refusal(event_record(event), known_chat())
    assert (found is None) is (DEPENDS_ON_LOG_ORDER[event] is None)
    assert found is None or (found.forcible and event in found.reason)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (dead_record(b"\x00 no JSON", key=f"S1|{GROUP}"), "not_json"),
        (dead_record(event_json("message.exploded", MESSAGE), key=f"S1|{GROUP}"), "schema_violation"),
        (dead_record(event_json("message", MESSAGE | {"body": "x" * 5_000}), key=f"S1|{GROUP}"), "too_large"),
        (event_record("message", key=f"S1|{ALICE}"), "wrong_key"),
        (dead_record(event_json("message"), key=None), "wrong_key"),
    ],
)
def test_what_would_be_a_dead_letter_again_is_refused_with_the_reason_whatever_is_asked(record: Record, said: str) -> None:
    found = refusal(record)
    assert found is not None
    assert (f"again ({said})" in found.reason, found.forcible) == (True, False)
    assert "Hello" not in found.reason


def test_what_was_too_large_is_replayed_once_ingest_takes_it() -> None:
    record = dead_record(event_json("message", MESSAGE | {"body": "x" * 5_000}), key=f"S1|{GROUP}")
    assert refusal(record, max_event_bytes=8_192) is None


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (dead_record(event_json("message"), cut_from_bytes="9000000"), "it was cut"),
        (dead_record(event_json("message"), origin=None, origin_gateway="gw-1"), "a connector set aside"),
        (dead_record(event_json("message"), origin=None), "names no origin"),
        (dead_record(event_json("message"), origin=("wa.outcomes", 3, 1)), "none that it can come from"),
        (dead_record(event_json("message"), origin=OF_COMMANDS), "none that it can come from"),
    ],
)
def test_what_is_not_whole_or_did_not_come_from_our_topics_is_never_replayed(record: Record, said: str) -> None:
    found = refusal(record)
    assert found is not None
    assert (said in found.reason, found.forcible) == (True, False)


@pytest.mark.parametrize(
    "known",
    [known_chat(THEIRS), Known(sessions={"S1": THEIRS}, removed=frozenset(), chats={}, operations={})],
    ids=["chat", "session"],
)
def test_what_still_belongs_to_another_organization_is_refused(known: Known) -> None:
    found = refusal(event_record("message"), known)
    assert found is not None
    assert ("organization_mismatch" in found.reason, found.forcible) == (True, False)


def test_an_event_of_a_removed_session_is_replayed_only_when_forced() -> None:
    removed = Known(sessions={"S1": OURS}, removed=frozenset({"S1"}), chats={}, operations={})
    assert refusal(event_record("message"), removed) == Refusal("its session was removed", forcible=True)


@pytest.mark.parametrize(
    ("known", "refused"),
    [
        (known_chat(epoch=813), True),
        (known_chat(epoch=811), False),
        (known_chat(), False),
        (known_chat(partition=2, epoch=813), False),
    ],
    ids=["deleted after it", "deleted before it", "never deleted", "another partition's offsets"],
)
def test_a_message_whose_chat_was_deleted_after_it_is_replayed_only_when_forced(known: Known, *, refused: bool) -> None:
    found = refusal(event_record("message"), known)
    assert (found is not None and found.forcible) is refused


def test_a_revocation_does_not_bring_a_deleted_chat_back_and_may_be_replayed() -> None:
    assert refusal(event_record("message.revoked"), known_chat(epoch=813)) is None


def command_record(**changes: Any) -> Record:
    return dead_record(json.dumps(command_json(**changes)).encode(), origin=OF_COMMANDS)


def test_a_command_is_replayed_until_its_deadline_and_after_it_only_when_forced() -> None:
    record = command_record(deadline=NOW + 1)
    assert refusal(record, queue=Queue.COMMANDS) is None
    late = refusal(record, queue=Queue.COMMANDS, now=NOW + 1)
    assert late is not None
    assert ("deadline" in late.reason, late.forcible) == (True, True)


def test_a_live_command_is_read_as_one_of_its_own_topic() -> None:
    value = command_json(command="session.restart", payload={}, deadline=NOW + 1)
    origin = ("wa.commands.live.simulated", 3, 7)
    assert refusal(dead_record(value, key="S1", origin=origin), queue=Queue.COMMANDS) is None
    elsewhere = refusal(dead_record(value, key="S1", origin=OF_COMMANDS), queue=Queue.COMMANDS)
    assert elsewhere is not None
    assert "schema_violation" in elsewhere.reason
    unknown = refusal(dead_record(value, key="S1", origin=("wa.commands.live.other", 3, 7)), queue=Queue.COMMANDS)
    assert unknown is not None
    assert "none that it can come from" in unknown.reason


@pytest.mark.parametrize(("owner", "refused"), [(OURS, False), (Owner(None, None), False), (THEIRS, True)])
def test_a_command_whose_id_is_of_another_organizations_operation_is_refused(owner: Owner, *, refused: bool) -> None:
    known = Known(sessions={}, removed=frozenset(), chats={}, operations={COMMAND_ID: owner})
    found = refusal(command_record(deadline=NOW + 1), known, queue=Queue.COMMANDS)
    assert (found is not None and not found.forcible) is refused


def test_a_command_is_read_whole() -> None:
    record = command_record()
    found = read_letter(letter_of(Queue.COMMANDS, record), record, SETTINGS, max_event_bytes=4_096)
    assert isinstance(found, CommandEnvelope)
