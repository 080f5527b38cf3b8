"""What a replayed record looks like, and how many are held at once."""

import pytest
from tests.unit.waypost_common.samples import event_json
from tests.unit.waypost_store.dlq.letters import KEY, dead_letter, dead_record

from waypost_common.report.letters import Queue, letter_of
from waypost_store.dlq.replaying import AT_ONCE, BYTES_AT_ONCE, message_of, parts


def test_a_record_is_replayed_with_its_bytes_its_key_and_its_own_headers() -> None:
    value = b'{ "as": "it came" }'
    own = (("event", b"message"), ("traceparent", b"00-1-2-01"), ("gateway", b"gw-1"), ("fence", b"3"))
    record = dead_record(value, own=own)
    message = message_of(letter_of(Queue.EVENTS, record), record)
    assert (message.topic, message.key, message.value) == ("wa.events", KEY.encode(), value)
    assert message.headers == [("event", b"message"), ("traceparent", b"00-1-2-01"), ("replay-of", b"events|3|17")]


def test_a_record_that_is_replayed_once_more_names_only_the_newest_letter() -> None:
    record = dead_record(event_json("message"), own=(("replay-of", b"events|3|2"),))
    message = message_of(letter_of(Queue.EVENTS, record), record)
    assert [value for name, value in message.headers if name == "replay-of"] == [b"events|3|17"]


def test_a_record_that_was_on_no_topic_cannot_be_replayed() -> None:
    record = dead_record(origin=None)
    with pytest.raises(ValueError, match="origin"):
        message_of(letter_of(Queue.EVENTS, record), record)


def test_letters_are_taken_in_parts_that_fit_into_memory() -> None:
    letters = [dead_letter(offset=offset) for offset in range(AT_ONCE + 1)]
    assert [len(part) for part in parts(letters)] == [AT_ONCE, 1]
    large = [dead_letter(value=b"x" * (BYTES_AT_ONCE // 2), offset=offset) for offset in range(3)]
    assert [len(part) for part in parts(large)] == [1, 1, 1]
    assert list(parts([])) == []
