"""Who tells outcomes and buries dead letters: the live generation, and around a switch both."""

import pytest

from waypost_common.generations import NOTICE_S, Generations, GenerationState
from waypost_ingest.generations import LOOK_S, role_of
from waypost_ingest.standing import Role, Standing


@pytest.mark.parametrize(
    ("generation", "role"), [(1, Role.FORMER), (2, Role.LIVE), (3, Role.BUILDING), (4, Role.READY), (5, Role.FORMER)]
)
def test_a_generations_role_follows_from_the_records(generation: int, role: Role) -> None:
    states = {3: GenerationState.BUILDING, 4: GenerationState.READY, 5: GenerationState.ABANDONED}
    assert role_of(generation, Generations(live=2, states=states)) is role


@pytest.mark.parametrize(("role", "tells"), [(Role.LIVE, True), (Role.FORMER, True), (Role.READY, True), (Role.BUILDING, False)])
def test_all_but_one_that_is_being_made_tell_outcomes(role: Role, tells: bool) -> None:
    assert Standing(role, at=0.0, monotonic=lambda: LOOK_S).tells_outcomes is tells


def test_one_that_last_looked_just_before_it_was_ready_tells_outcomes_before_reads_may_switch_to_it() -> None:
    now = [0.0]
    standing = Standing(Role.BUILDING, at=0.0, monotonic=lambda: now[0])
    now[0] = NOTICE_S - LOOK_S / 2
    assert standing.tells_outcomes
    standing.see(Role.BUILDING, at=now[0])
    assert not standing.tells_outcomes


@pytest.mark.parametrize(
    ("role", "buries"), [(Role.LIVE, True), (Role.FORMER, True), (Role.READY, False), (Role.BUILDING, False)]
)
def test_dead_letters_of_the_past_are_not_published_again(role: Role, buries: bool) -> None:
    assert Standing(role, at=0.0).buries is buries
