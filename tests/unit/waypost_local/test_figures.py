import pytest

import waypost_local.figures as figures_module
from waypost_local.figures import Figures, line


def figures(taken_at: float, applied: float | None, lag: float | None = 0, **documents: int) -> Figures:
    return Figures(taken_at, applied, lag, documents)


def test_the_rate_is_what_was_applied_between_two_looks() -> None:
    now = figures(12.0, 5_040, lag=1_234, chats=600, messages=48_000)
    assert line(figures(10.0, 5_000), now) == "20 events/s  lag 1,234  chats 600  messages 48,000"


def test_what_a_service_does_not_tell_is_a_dash() -> None:
    assert line(figures(1, None, None), figures(2, None, None)) == "- events/s  lag -"


def test_a_counter_that_began_anew_is_no_negative_rate() -> None:
    assert line(figures(1, 900), figures(2, 3)).startswith("0 events/s")


def test_the_lag_is_that_of_the_events_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    told = (
        'waypost_consumer_lag_records{topic="t.wa.events",partition="0"} 3\n'
        'waypost_consumer_lag_records{topic="t.wa.events",partition="1"} 4\n'
        'waypost_consumer_lag_records{topic="t.wa.outcomes",partition="0"} 50\n'
    )
    monkeypatch.setattr(figures_module, "_fetch", lambda _url: told)
    assert figures_module.read_metrics(["http://any"])[figures_module.LAG] == 7
