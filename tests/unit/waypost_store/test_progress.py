"""Progress tells how far, how fast and how long still, at most once a second."""

import pytest

from waypost_store.progress import Progress, duration


def test_a_line_a_second_tells_rate_and_time_left() -> None:
    now, lines = [0.0], list[str]()
    progress = Progress(lines.append, "events", monotonic=lambda: now[0])
    progress.total = 10_000
    for _ in range(16):
        now[0] += 0.125
        progress.advance(125)
    assert lines == ["1,000 of 10,000 events, 1,000 a second, 9 s left", "2,000 of 10,000 events, 1,000 a second, 8 s left"]


def test_without_any_movement_no_time_is_promised() -> None:
    progress = Progress(lambda _line: None, "events")
    progress.total = 10
    assert progress.line() == "0 of 10 events"


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59, "59 s"), (185, "3 min 5 s"), (7_800, "2 h 10 min")])
def test_a_duration_is_told_in_two_units_at_most(seconds: float, text: str) -> None:
    assert duration(seconds) == text
