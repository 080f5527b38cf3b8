"""What each payload must carry, and what none may."""

import json
from typing import Any

import pytest
from pydantic import ValidationError
from tests.unit.waypost_common.samples import ALICE, ALICE_LID, CHANNEL, GROUP, MESSAGE, NOW, PAYLOADS, event_json

from waypost_common.event_payloads import ChatUpdatePayload, MessagePayload
from waypost_common.events import EVENT_ADAPTER
from waypost_common.identifiers import FOREVER

REQUIRED = [
    ("auth.qr", "code"),
    *[("message", field) for field in ("waMessageId", "chatJid", "fromMe", "type", "hasMedia", "timestamp")],
    *[(name, "targetId") for name in ("message.edited", "message.revoked", "message.reaction", "poll.vote")],
    *[("message.status", field) for field in ("chatJid", "messageIds", "status", "timestamp")],
    *[("presence.update", field) for field in ("from", "state")],
    *[("call.incoming", field) for field in ("callId", "from", "timestamp", "isGroup")],
    ("group.update", "groupJid"),
    ("group.participant", "groupJid"),
    *[("chat.update", field) for field in ("chatJid", "change")],
    ("contact.update", "jid"),
    *[("newsletter.update", field) for field in ("jid", "action")],
]


def refused(name: str, payload: dict[str, Any]) -> list[Any]:
    with pytest.raises(ValidationError) as refusal:
        EVENT_ADAPTER.validate_json(json.dumps(event_json(name, payload)))
    return refusal.value.errors()


def accepted(name: str, payload: dict[str, Any]) -> Any:
    return EVENT_ADAPTER.validate_json(json.dumps(event_json(name, payload))).payload


@pytest.mark.parametrize(("name", "field"), REQUIRED)
def test_a_required_field_is_required(name: str, field: str) -> None:
    payload = {key: value for key, value in PAYLOADS[name][0].items() if key != field}
    assert refused(name, payload)[0]["loc"][-1] == field


@pytest.mark.parametrize(
    "field",
    ["body", "senderJid", "senderLid", "pushName", "quotedMessageId", "mentions", "media", "location", "contact", "poll"],
)
def test_an_optional_field_may_be_null_or_absent(field: str) -> None:
    without = {key: value for key, value in MESSAGE.items() if key != field}
    absent, null = accepted("message", without), accepted("message", without | {field: None})
    assert absent.model_dump() == null.model_dump()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("waMessageId", ""),
        ("waMessageId", "a b"),
        ("waMessageId", "x" * 129),
        ("waMessageId", "a\n"),
        ("type", "Text!"),
        ("type", ""),
        ("timestamp", FOREVER + 1),
        ("timestamp", -1),
        ("body", "x" * 262_145),
        ("body", 5),
        ("pushName", "x" * 1_025),
        ("fromMe", "false"),
        ("fromMe", 0),
        ("mentions", [ALICE] * 4_097),
        ("mentions", ["nobody"]),
        ("senderJid", GROUP),
        ("chatJid", "6281@example.com"),
        ("location", {"latitude": 91, "longitude": 0}),
        ("location", {"latitude": 0, "longitude": 181}),
        ("location", {"latitude": 0}),
        ("media", {"size": -1}),
        ("media", {"size": 2**53}),
        ("poll", {"name": "n", "options": ["o"] * 65}),
        ("views", -1),
    ],
)
def test_a_message_out_of_bounds_is_refused(field: str, value: Any) -> None:
    assert refused("message", MESSAGE | {field: value})


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_place_is_a_number_that_json_can_say(number: str) -> None:
    body = json.dumps(MESSAGE | {"location": "PLACE"}).replace('"PLACE"', f'{{"latitude": {number}, "longitude": 0}}')
    with pytest.raises(ValidationError):
        MessagePayload.model_validate_json(body)


def test_a_lone_surrogate_is_refused_since_mongodb_cannot_store_it() -> None:
    with pytest.raises(ValidationError):
        EVENT_ADAPTER.validate_json(json.dumps(event_json("message", MESSAGE | {"body": "\ud800"})))


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("group.update", {"groupJid": ALICE}),
        ("group.participant", {"groupJid": CHANNEL}),
        ("group.participant", {"groupJid": GROUP, "join": [GROUP]}),
        ("newsletter.update", {"jid": GROUP, "action": "join"}),
        ("contact.update", {"jid": GROUP}),
        ("call.incoming", {"callId": "c", "from": ALICE, "timestamp": NOW, "isGroup": True, "groupJid": ALICE}),
        ("session.status", {"waJid": CHANNEL}),
    ],
)
def test_a_jid_of_the_wrong_kind_is_refused(name: str, payload: dict[str, Any]) -> None:
    assert refused(name, payload)


def test_a_participant_without_any_address_is_refused() -> None:
    assert "lid or phoneJid" in refused("group.participant", {"groupJid": GROUP, "snapshot": [{"role": "admin"}]})[0]["msg"]


@pytest.mark.parametrize("participant", [{"lid": ALICE_LID}, {"phoneJid": ALICE}])
def test_a_participant_with_one_address_is_a_member(participant: dict[str, Any]) -> None:
    assert accepted("group.participant", {"groupJid": GROUP, "snapshot": [participant]}).snapshot[0].role == "member"


@pytest.mark.parametrize(
    ("change", "field"),
    [("archived", "archived"), ("pinned", "pinned"), ("muted", "mutedUntil"), ("trimmed", "before"), ("erased", "before")],
)
def test_a_change_needs_its_field(change: str, field: str) -> None:
    payload = {"chatJid": ALICE, "change": change} | ({"jid": ALICE} if change == "erased" else {})
    assert field in refused("chat.update", payload)[0]["msg"]


@pytest.mark.parametrize(
    ("change", "field"), [("archived", "archived"), ("pinned", "pinned"), ("trimmed", "before"), ("erased", "before")]
)
def test_the_field_of_a_change_has_a_value(change: str, field: str) -> None:
    payload = {"chatJid": ALICE, "change": change, field: None, "jid": ALICE}
    assert field in refused("chat.update", payload)[0]["msg"]


def test_null_clears_a_mute() -> None:
    payload: ChatUpdatePayload = accepted("chat.update", {"chatJid": ALICE, "change": "muted", "mutedUntil": None})
    assert payload.muted_until is None
    assert "muted_until" in payload.model_fields_set


def test_an_erasure_names_the_person() -> None:
    assert "jid" in refused("chat.update", {"chatJid": ALICE, "change": "erased", "before": NOW})[0]["msg"]


@pytest.mark.parametrize("change", ["picture", "flags", "read", "unread", "deleted"])
def test_the_other_changes_need_nothing(change: str) -> None:
    assert accepted("chat.update", {"chatJid": ALICE, "change": change}).change == change
