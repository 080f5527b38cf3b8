"""Reading recorded envelopes, without publishing."""

from io import BytesIO

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
    assert summary.bad[0].reason.endswith("payload.fromMe: Input should be a valid boolean")
    assert "secret" not in summary.bad[0].reason


async def test_lines_before_the_first_wanted_are_skipped_and_keep_their_numbers() -> None:
    summary = await dry_run([b"bad", LINES[0], b"bad", LINES[1]], from_line=2)
    assert (summary.lines, summary.published, [bad.line for bad in summary.bad]) == (3, 2, [3])


async def test_a_line_longer_than_any_event_is_bad_and_the_next_one_is_read() -> None:
    summary = await dry_run([b"x" * (3 * MAX_EVENT_BYTES + 7), LINES[0]])
    assert summary.published == 1
    assert [(bad.line, bad.reason) for bad in summary.bad] == [(1, "longer than 1048576 bytes")]
