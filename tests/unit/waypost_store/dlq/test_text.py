"""What `waypost dlq` prints for people."""

from tests.unit.waypost_common.samples import NOW, event_json
from tests.unit.waypost_store.dlq.letters import dead_letter, dead_record

from waypost_common.identifiers import EpochMs
from waypost_common.report.letters import Queue, letter_of
from waypost_common.report.settled import Note
from waypost_store.cli.dlq_text import line_of, shown_lines, summary, value_json
from waypost_store.dlq.refusals import Refusal
from waypost_store.dlq.replaying import RefusedLetter, Replayed


def test_a_line_tells_all_but_the_value() -> None:
    assert line_of(dead_letter(value=event_json("message")), None) == (
        "events 3/17  2024-06-29T12:00:00Z  schema_violation  S1|6281234567890@s.whatsapp.net  from wa.events 3/812  "
        f"{dead_letter(value=event_json('message')).size} bytes  payload: Field required"
    )


def test_a_line_tells_who_settled_the_letter() -> None:
    note = Note(EpochMs(NOW), "replayed", EpochMs(NOW), "me@here")
    assert line_of(dead_letter(), note).endswith("replayed 2024-06-29T12:00:00Z by me@here")


def test_nothing_that_a_stranger_wrote_reaches_the_terminal_as_a_control_character() -> None:
    letter = dead_letter(key="S1|\x1b[2J\n", detail="\x9b31m")
    assert not {"\x1b", "\n", "\x9b"} & set(line_of(letter, None))
    record = dead_record(b"\x1b[2J", own=(("na\x1bme", b"\x1b"),))
    assert all(line.isprintable() for line in shown_lines(letter, None, record, value=True))


def test_the_value_is_shown_only_when_asked_for() -> None:
    record = dead_record(event_json("message"))
    letter = letter_of(Queue.EVENTS, record)
    assert not any("Hello" in line for line in shown_lines(letter, None, record, value=False))
    assert any("may hold message text" in line for line in shown_lines(letter, None, record, value=False))
    assert "Hello" in shown_lines(letter, None, record, value=True)[-1]


def test_a_value_that_is_no_text_is_told_in_base64() -> None:
    assert value_json(dead_record(b"{}")) == {"value": "{}"}
    assert value_json(dead_record(b"\xff")) == {"valueBase64": "/w=="}


def test_the_summary_says_what_force_would_do() -> None:
    refused = [RefusedLetter(dead_letter(), Refusal("why", forcible=forcible)) for forcible in (True, False)]
    result = Replayed(found=4, done=4, replayed=1, gone=1, refused=refused)
    assert summary(result, dry_run=False, force=False) == (
        "1 dead letter replayed, 1 deleted by Kafka meanwhile, 2 refused, 1 of them would go with --force"
    )
    assert summary(result, dry_run=True, force=True).startswith("1 dead letter would be replayed")
