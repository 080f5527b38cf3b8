"""What follows a command in headers goes on from record to record, and nothing that a stranger may have put there."""

import pytest

from waypost_common.trail import NO_TRAIL, Trail, trail_of

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_it_goes_on_as_it_came() -> None:
    trail = Trail("req_1", TRACE)
    assert trail_of(trail.headers()) == trail


def test_without_headers_there_is_none() -> None:
    assert trail_of(()) is NO_TRAIL
    assert NO_TRAIL.headers() == []


@pytest.mark.parametrize("name", ["a b", "a\nb", "x" * 65, "", "\u00e9"])
def test_a_request_id_that_the_api_would_not_have_taken_is_left_out(name: str) -> None:
    assert trail_of([("request-id", name.encode()), ("traceparent", TRACE.encode())]) == Trail(None, TRACE)


def test_a_traceparent_that_is_too_long_is_left_out() -> None:
    assert trail_of([("traceparent", b"0" * 1_000)]) == NO_TRAIL


def test_another_cause_keeps_the_request() -> None:
    assert Trail("req_1", None).under(TRACE) == Trail("req_1", TRACE)
