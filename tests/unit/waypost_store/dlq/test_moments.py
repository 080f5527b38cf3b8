"""Times as an operator writes them."""

import pytest
from tests.unit.waypost_common.samples import NOW

from waypost_common.identifiers import EpochMs
from waypost_store.dlq.moments import iso_time, parse_moment
from waypost_store.errors import StoreError


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("30m", NOW - 1_800_000),
        ("2h", NOW - 7_200_000),
        ("7d", NOW - 604_800_000),
        ("2024-06-29T12:00:00Z", 1_719_662_400_000),
        ("2024-06-29T12:00:00", 1_719_662_400_000),
        ("2024-06-29T14:00:00+02:00", 1_719_662_400_000),
        ("2024-06-29", 1_719_619_200_000),
    ],
)
def test_a_moment_is_a_time_or_how_long_ago(text: str, moment: int) -> None:
    assert parse_moment(text, "--since", now=EpochMs(NOW)) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "-2h", "2y", "2024-13-01"])
def test_any_other_text_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(StoreError, match="--since takes an ISO time"):
        parse_moment(text, "--since", now=EpochMs(NOW))


def test_a_time_is_told_in_utc() -> None:
    assert iso_time(1_719_662_400_999) == "2024-06-29T12:00:00Z"
