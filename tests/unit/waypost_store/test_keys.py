"""What the options of `waypost keys create` take."""

import pytest

from waypost_store.errors import StoreError
from waypost_store.keys import checked_name, parse_lifetime, parse_permissions


@pytest.mark.parametrize(("text", "hours"), [("12h", 12), ("90d", 2_160), ("4w", 672)])
def test_a_lifetime_is_a_number_of_hours_days_or_weeks(text: str, hours: int) -> None:
    assert parse_lifetime(text) == hours * 3_600_000


@pytest.mark.parametrize("text", ["", "90", "0d", "-1d", "9999w", "1y", "1.5d", "\u0663d"])
def test_an_absurd_lifetime_is_refused(text: str) -> None:
    with pytest.raises(StoreError, match="12h, 90d or 4w"):
        parse_lifetime(text)


def test_permissions_are_kept_in_one_order_without_doubles() -> None:
    assert parse_permissions("send, read,send", operator=False) == ["read", "send"]
    assert parse_permissions("read", operator=True) == ["read", "operator"]


@pytest.mark.parametrize("text", ["", " , ", "read,write"])
def test_permissions_that_name_none_or_an_unknown_one_are_refused(text: str) -> None:
    with pytest.raises(StoreError, match="read, send"):
        parse_permissions(text, operator=False)


@pytest.mark.parametrize("text", ["", "a b", "x" * 65, "org\n"])
def test_a_name_that_no_token_could_carry_is_refused(text: str) -> None:
    with pytest.raises(StoreError, match="--organization"):
        checked_name(text, "--organization")
