"""A service compares its clock with MongoDB's."""

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from waypost_common.clock import check_clock, clock_skew_ms, skew_text
from waypost_common.errors import CannotRunError

SERVER_MS = 1_700_000_000_000


class FakeAdmin:
    async def command(self, name: str) -> dict[str, Any]:
        assert name == "hello"
        return {"localTime": datetime.fromtimestamp(SERVER_MS / 1_000, UTC)}


CLIENT: Any = SimpleNamespace(admin=FakeAdmin())


def clock_ahead_by(milliseconds: int) -> Any:
    return lambda: SERVER_MS + milliseconds


async def test_the_skew_is_taken_from_the_quickest_look() -> None:
    readings: Iterator[int] = iter([0, 4_000, 10, 12, 100, 300])
    assert await clock_skew_ms(CLIENT, lambda: SERVER_MS + next(readings)) == 11


@pytest.mark.parametrize("skew", [0, 999, -1_000])
async def test_a_small_skew_passes_in_silence(skew: int) -> None:
    with capture_logs() as logs:
        await check_clock(CLIENT, clock_ahead_by(skew))
    assert logs == []


@pytest.mark.parametrize("skew", [1_001, -5_000])
async def test_a_skew_above_a_second_is_warned_of(skew: int) -> None:
    with capture_logs() as logs:
        await check_clock(CLIENT, clock_ahead_by(skew))
    assert [(one["log_level"], one["ahead_of_mongodb_ms"]) for one in logs] == [("warning", skew)]


@pytest.mark.parametrize(("skew", "text"), [(5_001, "5001 ms ahead of MongoDB's"), (-60_000, "60000 ms behind MongoDB's")])
async def test_a_skew_above_five_seconds_is_refused(skew: int, text: str) -> None:
    with pytest.raises(CannotRunError, match=text):
        await check_clock(CLIENT, clock_ahead_by(skew))
    assert skew_text(skew).endswith(text)
