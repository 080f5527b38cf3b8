"""The world as a list of events."""

from collections import Counter
from itertools import islice
from typing import Any

import pytest

from waypost_common.event_payloads import MessagePayload
from waypost_common.events import (
    DAY_MS,
    EVENT_ADAPTER,
    EVENT_TYPES,
    Event,
    GroupParticipantEvent,
    MessageEvent,
    MessageStatusEvent,
    encode_event,
    key_of,
)
from waypost_common.identifiers import FOREVER, EpochMs
from waypost_common.jids import ChatType, chat_type
from waypost_connector.simulated.world import START, World, casts, generate_events


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return list(generate_events(seed=7, count=12_000, sessions=2, chats=25, history=200))


@pytest.fixture(scope="module")
def busy_events() -> list[Event]:
    """So many in so few chats that what is rare has happened too."""
    return list(generate_events(seed=1, count=30_000, chats=6))


def messages(events: list[Event]) -> list[MessagePayload]:
    return [event.payload for event in events if isinstance(event, MessageEvent)]


def encoded(**options: Any) -> list[bytes]:
    return [encode_event(event) for event in generate_events(count=2_000, **options)]


def test_the_same_seed_gives_the_same_bytes() -> None:
    options: dict[str, Any] = {"sessions": 2, "chats": 10, "history": 20}
    assert encoded(seed=3, **options) == encoded(seed=3, **options)


def test_another_seed_gives_other_sessions_and_messages() -> None:
    assert not set(encoded(seed=3)) & set(encoded(seed=4))


def test_a_world_can_be_iterated_again_from_its_start() -> None:
    world = World(5, sessions=2, chats=5)
    assert list(islice(world, 300)) == list(islice(world, 300))


def test_one_more_session_changes_nothing_in_the_others() -> None:
    few, many = casts(seed=1, sessions=2, chats=5), casts(seed=1, sessions=3, chats=5)
    assert few == many[:2]


def test_every_event_is_valid_after_a_round_trip_over_json(events: list[Event]) -> None:
    assert [EVENT_ADAPTER.validate_json(encode_event(event)) for event in events] == events


def test_event_ids_are_unique(events: list[Event]) -> None:
    assert len({event.id for event in events}) == len(events)


def test_all_seventeen_event_types_occur(events: list[Event]) -> None:
    assert {event.event for event in events} == set(EVENT_TYPES)


def test_all_kinds_of_messages_occur(events: list[Event]) -> None:
    kinds = {"text", "image", "video", "audio", "document", "sticker", "location", "contact", "poll"}
    assert {message.type for message in messages(events)} == kinds


def test_all_kinds_of_chats_occur(events: list[Event]) -> None:
    seen = {chat_type(message.chat_jid) for message in messages(events)}
    assert seen == {ChatType.DM, ChatType.GROUP, ChatType.NEWSLETTER, ChatType.STATUS}


def test_arrivals_are_long_tailed() -> None:
    counts = Counter(key_of(event) for event in generate_events(seed=2, count=8_000, chats=200) if event.event == "message")
    busiest_first = [count for _, count in counts.most_common()]
    assert sum(busiest_first[:20]) > 0.5 * sum(busiest_first)
    assert len(busiest_first) > 100
    assert busiest_first[len(busiest_first) // 2] < busiest_first[0] / 20


def test_receipts_come_before_their_message_and_after_it_and_twice(events: list[Event]) -> None:
    place_of_message = {
        (event.session, event.payload.wa_message_id): place
        for place, event in enumerate(events)
        if isinstance(event, MessageEvent)
    }
    receipts = [
        (place, (event.session, event.payload.message_ids[0]), event.payload.status)
        for place, event in enumerate(events)
        if isinstance(event, MessageStatusEvent)
    ]
    early = [receipt for receipt in receipts if receipt[0] < place_of_message.get(receipt[1], 0)]
    late = [receipt for receipt in receipts if receipt[0] > place_of_message.get(receipt[1], len(events)) + 50]
    twice = Counter(receipt[1:] for receipt in receipts)
    assert early
    assert late
    assert max(twice.values()) > 1


def test_a_message_of_our_own_has_its_own_event_type(events: list[Event]) -> None:
    for event in events:
        if isinstance(event, MessageEvent):
            assert event.payload.from_me == (event.event == "message.from_me")


def test_history_is_marked_and_older_than_what_is_live(events: list[Event]) -> None:
    history = [event for event in events if isinstance(event, MessageEvent) and event.payload.history]
    assert history
    assert all(event.payload.timestamp < event.timestamp - DAY_MS / 2 for event in history)
    live = [event for event in events if isinstance(event, MessageEvent) and not event.payload.history]
    assert all(abs(event.payload.timestamp - event.timestamp) <= 1_000 for event in live)


def test_quotes_mentions_captions_and_other_scripts_occur(events: list[Event]) -> None:
    written = messages(events)
    assert any(message.quoted_message_id for message in written)
    assert any(mention.endswith("@lid") for message in written for mention in message.mentions or ())
    assert any(message.has_media and message.body for message in written)
    letters = {letter for message in written for letter in message.body or ""}
    assert set("شש的で요ёทéşếक😂") <= letters


def test_polls_are_voted_on_by_the_hashes_of_their_options(events: list[Event]) -> None:
    votes = [event.payload for event in events if event.event == "poll.vote"]
    assert any(vote.selected_hashes for vote in votes)


def test_a_person_has_one_chat_though_whatsapp_uses_both_addresses(events: list[Event]) -> None:
    contacts = [event.payload for event in events if event.event == "contact.update"]
    slowly = {contact.jid for contact in contacts if contact.jid.endswith("@lid")}
    both = {contact.lid for contact in contacts if contact.phone_jid} - slowly
    used = {event.payload.chat_jid for event in events if isinstance(event, MessageEvent)}
    assert both
    assert not both & used


def test_people_known_by_lid_only_have_a_lid_chat(events: list[Event]) -> None:
    assert any(event.payload.chat_jid.endswith("@lid") for event in events if isinstance(event, MessageEvent))


def test_phone_numbers_are_of_no_country(events: list[Event]) -> None:
    numbers = {message.sender_jid for message in messages(events) if message.sender_jid}
    assert all(jid.startswith("999") for jid in numbers if jid.endswith("@s.whatsapp.net"))


def test_mutes_end_or_last_for_ever_or_are_lifted(busy_events: list[Event]) -> None:
    flags = [event.payload for event in busy_events if event.event == "chat.update"]
    mutes = [flag.muted_until for flag in flags if flag.change == "muted"]
    assert None in mutes
    assert FOREVER in mutes
    assert any(mute and mute < FOREVER for mute in mutes)
    assert {flag.change.value for flag in flags} >= {"archived", "pinned", "muted", "read", "unread", "deleted", "picture"}


def test_guests_join_before_they_leave(busy_events: list[Event]) -> None:
    present: set[str] = set()
    left = 0
    for event in busy_events:
        if isinstance(event, GroupParticipantEvent):
            present |= {event.payload.group_jid + jid for jid in event.payload.join or ()}
            for jid in event.payload.leave or ():
                present.remove(event.payload.group_jid + jid)
                left += 1
    assert left


def test_languages_can_be_chosen() -> None:
    events = list(generate_events(seed=1, count=500, chats=5, languages=("th",)))
    assert any("ก" <= letter <= "๛" for message in messages(events) for letter in message.body or "")
    assert not any(
        "a" <= letter <= "z" for m in messages(events) if m.type == "text" for letter in (m.body or "").partition("@")[0]
    )


def test_envelope_times_start_where_told_and_follow_the_rate() -> None:
    events = list(generate_events(seed=1, count=101, rate=10, start=EpochMs(START + 5)))
    assert events[0].timestamp == START + 5
    assert events[100].timestamp == START + 5 + 10_000
