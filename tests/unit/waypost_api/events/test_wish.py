from typing import Any

import pytest

from waypost_api.authentication.principal import Principal
from waypost_api.events.wish import Wish, event_names, wish_of
from waypost_common.api_keys import Permission
from waypost_common.errors import ForbiddenError, ValidationFailedError
from waypost_common.events import EVENT_TYPES
from waypost_common.identifiers import OrganizationId, SessionId

EVERYTHING = frozenset(EVENT_TYPES)


def caller(*permissions: Permission, session: str | None = None) -> Principal:
    return Principal(
        kind="api_key",
        id="key_1",
        organization=OrganizationId("org_1"),
        permissions=frozenset({Permission.EVENTS, *permissions}),
        session=None if session is None else SessionId(session),
    )


def wish(principal: Principal | None = None, session: str | None = None, **others: Any) -> Wish:
    named = None if session is None else SessionId(session)
    return wish_of(principal or caller(), named, others.get("events", EVERYTHING), by_name=others.get("by_name", False))


def takes(wanted: Wish, **others: Any) -> bool:
    found: dict[str, Any] = {"organization": "org_1", "session": "S1", "event": "message", "has_code": False}
    return wanted.takes(**(found | others))


def test_a_stream_is_for_the_sessions_of_its_organization() -> None:
    assert takes(wish())
    assert takes(wish(), session="S2")
    assert not takes(wish(), organization="org_2")


def test_a_session_is_all_that_is_followed_where_one_is_named() -> None:
    assert takes(wish(session="S1"))
    assert not takes(wish(session="S1"), session="S2")
    assert not takes(wish(session="S1"), organization="org_2")


def test_a_restricted_key_follows_its_session_alone() -> None:
    assert takes(wish(caller(session="S1")))
    assert not takes(wish(caller(session="S1")), session="S2")


def test_only_the_events_that_are_wanted_are_taken() -> None:
    assert takes(wish(events=["message"]))
    assert not takes(wish(events=["message.status"]))


def test_codes_that_pair_a_phone_are_for_those_who_may_pair_one() -> None:
    assert not takes(wish(), event="auth.qr", has_code=True)
    assert takes(wish(caller(Permission.MANAGE)), event="auth.qr", has_code=True)
    assert takes(wish(), event="auth.code")


def test_whoever_names_the_code_without_being_allowed_to_see_it_is_told_so() -> None:
    with pytest.raises(ForbiddenError, match="manage"):
        wish(events=["auth.qr"], by_name=True)
    wish(caller(Permission.MANAGE), events=["auth.qr"], by_name=True)


@pytest.mark.parametrize("text", [None, "", "*", "message,*", " , "])
def test_without_names_all_events_are_meant(text: str | None) -> None:
    assert event_names(text) == EVERYTHING


def test_names_stand_with_commas_between() -> None:
    assert event_names("message, message.status") == {"message", "message.status"}


def test_a_name_of_no_event_is_refused_without_being_repeated() -> None:
    with pytest.raises(ValidationFailedError) as refused:
        event_names("message,massage")
    assert "massage" not in f"{refused.value.message}{refused.value.details}"
