"""Whose data a command is about must be said, and be possible."""

import pytest

from waypost_store.errors import StoreError
from waypost_store.scope import Scope, any_scope, chosen_scope


@pytest.mark.parametrize(("session", "organization"), [(None, None), ("S1", "org_1")])
def test_one_of_both_has_to_be_named(session: str | None, organization: str | None) -> None:
    with pytest.raises(StoreError, match="either --session or --organization"):
        chosen_scope(session, organization)


def test_a_name_that_cannot_be_one_is_refused() -> None:
    with pytest.raises(StoreError, match="--session takes"):
        chosen_scope("S1|x", None)


def test_none_of_both_may_mean_everybody() -> None:
    assert any_scope(None, None) == Scope()
    assert any_scope(None, None).text == "all organizations"
    with pytest.raises(StoreError, match="not both"):
        any_scope("S1", "org_1")
