"""The stream of one session."""

from waypost_connector.simulated.session_world import SessionWorld
from waypost_connector.simulated.world import casts


def test_a_step_can_be_made_anew_by_a_process_that_made_none_before() -> None:
    [cast], [again] = casts(seed=9, sessions=1, chats=8), casts(seed=9, sessions=1, chats=8)
    world = SessionWorld(cast, history=30)
    stream = [world.step(number) for number in range(60)]
    assert [SessionWorld(again, history=30).step(number) for number in (0, 3, 17, 59)] == [stream[n] for n in (0, 3, 17, 59)]


def test_history_is_spread_over_the_chats_in_about_the_number_asked_for() -> None:
    [cast] = casts(seed=9, sessions=1, chats=10)
    world = SessionWorld(cast, history=500)
    history = [draft for number in range(20) for draft in world.step(number) if draft.payload.get("history")]
    assert 480 <= len(history) <= 520


def test_a_world_of_one_chat_goes_on() -> None:
    [cast] = casts(seed=9, sessions=1, chats=1)
    world = SessionWorld(cast)
    assert sum(len(world.step(number)) for number in range(100)) > 100
