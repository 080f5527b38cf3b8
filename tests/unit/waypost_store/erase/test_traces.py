"""Which records of a topic hold something of a person."""

from typing import Any

import pytest
from tests.events import ALICE, event, message
from tests.unit.waypost_store.records import record

from waypost_common.events import Event, encode_event, key_of
from waypost_common.identifiers import Jid
from waypost_store.erase.traces import Traces, records_to_delete

LID = "205227043110953@lid"
BOB = "6289876543210@s.whatsapp.net"


def traces(*sessions: str) -> Traces:
    return Traces({Jid(ALICE), Jid(LID)}, set(sessions) or None)


def logged(one: Event) -> Any:
    return record(encode_event(one), key=key_of(one).encode())


@pytest.mark.parametrize(
    "one",
    [
        message("ONE"),
        message("ONE", chat=BOB, mentions=[LID]),
        message("ONE", chat="1@g.us", senderLid=LID),
        event("contact.update", {"jid": BOB, "lid": LID}),
        event("group.participant", {"groupJid": "1@g.us", "join": [ALICE]}),
    ],
)
def test_an_event_that_names_the_person_is_theirs(one: Event) -> None:
    found = traces()
    found.look(logged(one))
    assert [trace.records for trace in found.found] == [1]


@pytest.mark.parametrize(
    "value",
    [
        b'{"senderJid":"16281234567890@s.whatsapp.net"}',
        b'{"senderJid":"6281234567890@s.whatsapp.network"}',
        b'{"senderJid":"6281234567890@g.us"}',
        b'{"body":"6281234567890"}',
        b"",
        None,
    ],
)
def test_another_address_that_looks_like_it_is_not(value: bytes | None) -> None:
    found = traces()
    found.look(record(value, key=b"S1|1@g.us"))
    assert found.found == []


def test_a_device_part_is_passed_over() -> None:
    found = traces()
    found.look(record(b'{"from":"6281234567890:12@s.whatsapp.net"}', key=None))
    assert len(found.found) == 1


def test_only_records_of_the_sessions_meant_count_or_of_nobody_knows_which() -> None:
    found = traces("S1")
    for key in (b"S1", b"S2", b"S2|" + ALICE.encode(), None):
        found.look(record(ALICE.encode(), key=key))
    assert [trace.records for trace in found.found] == [2]


def test_the_events_of_an_erasure_are_no_trace() -> None:
    found = traces()
    found.look(logged(event("chat.update", {"chatJid": ALICE, "change": "erased", "jid": ALICE, "before": 1})))
    assert found.found == []


def test_each_partition_is_told_from_its_first_to_its_last_and_deleted_up_to_that() -> None:
    found = traces()
    for partition, offset in ((3, 7), (3, 9), (1, 4)):
        one = record(ALICE.encode())
        one.partition, one.offset = partition, offset
        found.look(one)
    told = [(trace.partition, trace.first, trace.last, trace.records) for trace in found.found]
    assert told == [(1, 4, 4, 1), (3, 7, 9, 2)]
    assert [(one["partition"], one["offset"]) for one in records_to_delete(found.found)["partitions"]] == [(1, 5), (3, 10)]
