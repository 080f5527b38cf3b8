"""Reading recorded envelopes, without publishing."""

from io import BytesIO
from typing import Any

import orjson
import pytest

from waypost_common.events import MAX_EVENT_BYTES, encode_event
from waypost_common.settings import KafkaSettings
from waypost_connector.replay import Replay, Summary
from waypost_connector.simulated.world import generate_events

LINES = [encode_event(event) for event in generate_events(seed=1, count=20, history=50)]


async def dry_run(lines: list[bytes], from_line: int = 1) -> Summary:
    job = Replay(KafkaSettings(), from_line=from_line, dry_run=True)
    return await job.run(BytesIO(b"\n".join(lines)), lambda _size: None)


async def test_valid_lines_are_counted_and_blank_ones_are_not() -> None:
    summary = await dry_run([*LINES, b"", b"  "])
    assert (summary.lines, summary.published, summary.bad) == (20, 20, [])


async def test_a_bad_line_is_told_by_its_number_and_the_others_go_on() -> None:
    summary = await dry_run([LINES[0], b"{}", LINES[1], b"no json", LINES[2]])
    assert summary.published == 3
    assert [bad.line for bad in summary.bad] == [2, 4]


async def test_a_reason_names_the_field_and_never_the_text() -> None:
    line = next(line for line in LINES if b'"body"' in line).replace(b'"fromMe":', b'"fromMe":"my secret words","x":')
    summary = await dry_run([line])
    assert summary.bad[0].reason.startswith("payload.fromMe: should be a valid boolean")
    assert "secret" not in summary.bad[0].reason


def changed(**fields: Any) -> bytes:
    """A message with other fields in its envelope; None takes one away."""
    event = orjson.loads(next(line for line in LINES if b'"event":"message"' in line)) | fields
    return orjson.dumps({name: value for name, value in event.items() if value is not None})


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"nonsense", "not JSON: expected ident at column 2; expected one JSON object"),
        (b'{"event":', "not JSON: EOF while parsing a value at column 9; expected one JSON object"),
        (b"[]", "not a JSON object; expected one with schema, id, event, session, organization, timestamp, payload"),
        (b"7", "not a JSON object; expected one with schema, id, event, session, organization, timestamp, payload"),
        (b"{}", "event: missing; expected one of session.status, auth.qr, "),
        (changed(event=None), "event: missing; expected one of session.status, auth.qr, "),
        (changed(event="secret"), "event: unknown; expected one of session.status, auth.qr, "),
        (changed(event=7), "event: unknown; expected one of session.status, auth.qr, "),
        (changed(schema=None), "schema: missing; every event message has it"),
        (changed(schema="v2"), "schema: should be 'v1'"),
        (changed(payload=None), "payload: missing; every event message has it"),
        (changed(payload=[]), "payload: should be an object"),
        (changed(payload={}), "payload.waMessageId: missing; every event message has it (and 5 more)"),
        (changed(timestamp="secret"), "timestamp: should be a valid integer"),
        (
            changed(event="chat.update", payload={"chatJid": "secret@secret", "change": "unread"}),
            "payload.chatJid: not a WhatsApp JID",
        ),
        (
            changed(event="chat.update", payload={"chatJid": "1@g.us", "change": "muted"}),
            "payload: change 'muted' needs the field 'mutedUntil'",
        ),
    ],
)
async def test_a_reason_names_the_field_and_what_is_expected_there_and_no_value(line: bytes, why: str) -> None:
    summary = await dry_run([line])
    assert [(bad.line, bad.reason[: len(why)]) for bad in summary.bad] == [(1, why)]
    assert "secret" not in summary.bad[0].reason


class Trickle:
    """A pipe whose writer writes a few bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self._data, self._size = BytesIO(data), size

    def read1(self, size: int, /) -> bytes:
        return self._data.read(min(size, self._size))


@pytest.mark.parametrize("size", [1, 7, 1_000_000])
async def test_lines_are_the_same_however_they_arrive(size: int) -> None:
    text = b"\n".join([LINES[0], b"bad", b"", LINES[1] + b"\r", LINES[2]])
    summary = await Replay(KafkaSettings(), dry_run=True).run(Trickle(text, size), lambda _size: None)
    assert (summary.lines, summary.published, [bad.line for bad in summary.bad]) == (4, 3, [2])


async def test_progress_is_told_to_the_last_byte() -> None:
    text = b"\n".join(LINES) + b"\n"
    told: list[int] = []
    await Replay(KafkaSettings(), dry_run=True).run(Trickle(text, 5_000), told.append)
    assert len(told) > 1
    assert sum(told) == len(text)


async def test_lines_before_the_first_wanted_are_skipped_and_keep_their_numbers() -> None:
    summary = await dry_run([b"bad", LINES[0], b"bad", LINES[1]], from_line=2)
    assert (summary.lines, summary.published, [bad.line for bad in summary.bad]) == (3, 2, [3])


async def test_a_line_longer_than_any_event_is_bad_and_the_next_one_is_read() -> None:
    summary = await dry_run([b"x" * (3 * MAX_EVENT_BYTES + 7), LINES[0]])
    assert summary.published == 1
    assert [(bad.line, bad.reason) for bad in summary.bad] == [
        (1, "longer than 1,048,576 bytes, the most that an event may have")
    ]
