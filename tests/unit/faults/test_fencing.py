"""Breaches of the fence, found in lines as the network's record has them."""

from typing import Any

from tests.faults.fencing import breaches


def line(at: int, what: str, client: str, fence: int | None, session: str = "s", **facts: Any) -> dict[str, Any]:
    return {"at": at, "what": what, "connection": 1, "session": session, "client": client, "fence": fence, **facts}


def found(*lines: dict[str, Any]) -> list[tuple[int, str]]:
    return [(breach.act.at, breach.act.kind) for breach in breaches(lines)]


def test_a_session_that_moves_under_rising_fences_has_no_breach() -> None:
    lines = [line(1, "logged_in", "a", 1), line(2, "called", "a", 1), line(3, "acknowledged", "a", 1)]
    lines += [line(4, "logged_in", "b", 2), line(5, "acknowledged", "b", 2), line(6, "logged_in", "a", 3)]
    assert found({"at": 0, "what": "started"}, *lines) == []


def test_every_kind_of_act_under_a_lower_fence_than_an_earlier_logins_is_a_breach() -> None:
    moved = [line(1, "logged_in", "a", 1), line(2, "logged_in", "b", 2)]
    late = [line(3, "called", "a", 1), line(4, "acknowledged", "a", 1), line(5, "logged_in", "a", 1)]
    assert found(*moved, *late) == [(3, "called"), (4, "acknowledged"), (5, "logged_in")]


def test_a_breach_names_the_login_that_it_ignored() -> None:
    moved, late = [line(1, "logged_in", "a", 1), line(2, "logged_in", "b", 2)], line(3, "called", "a", 1)
    [breach] = breaches([*moved, late])
    assert (breach.newest.client, breach.newest.fence) == ("b", 2)


def test_two_clients_under_one_fence_are_a_breach_and_one_that_logs_in_again_is_none() -> None:
    assert found(line(1, "logged_in", "a", 1), line(2, "logged_in", "a", 1), line(3, "logged_in", "b", 1)) == [(3, "logged_in")]


def test_a_login_under_a_lower_fence_does_not_make_the_higher_one_a_breach() -> None:
    assert found(line(1, "logged_in", "b", 2), line(2, "logged_in", "a", 1), line(3, "called", "b", 2)) == [(2, "logged_in")]


def test_sessions_have_fences_of_their_own() -> None:
    assert found(line(1, "logged_in", "b", 5), line(2, "logged_in", "a", 1, session="other")) == []


def test_a_call_that_came_before_the_session_moved_and_ended_after_it_is_no_breach() -> None:
    moved = line(2, "logged_in", "b", 2)
    assert found(line(0, "logged_in", "a", 1), moved, line(9, "called", "a", 1, receivedAt=1)) == []
    assert found(line(0, "logged_in", "a", 1), moved, line(9, "called", "a", 1, receivedAt=3)) == [(3, "called")]


def test_acts_without_a_fence_are_left_out() -> None:
    assert found(line(1, "logged_in", "a", 1), line(2, "logged_in", "c", None), line(3, "called", "c", None)) == []
