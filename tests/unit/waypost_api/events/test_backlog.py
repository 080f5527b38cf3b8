from hypothesis import given
from hypothesis import strategies as st

from waypost_api.events.backlog import Backlog, Waiting


def waiting(number: int, size: int = 10) -> Waiting:
    return Waiting(0, number, b"x" * size)


def test_events_come_out_in_the_order_they_went_in() -> None:
    backlog = Backlog(most_events=10, most_bytes=1_000)
    for number in range(5):
        assert backlog.offer(waiting(number))
    assert [one.offset for one in backlog.take(30) + backlog.take(1_000)] == [0, 1, 2, 3, 4]
    assert (len(backlog), backlog.size) == (0, 0)


def test_an_event_alone_is_taken_and_given_however_large_it_is() -> None:
    backlog = Backlog(most_events=10, most_bytes=100)
    assert backlog.offer(waiting(1, size=10_000))
    assert len(backlog.take(100)) == 1


def test_one_too_many_makes_it_overflow_for_good_and_lets_go_of_the_rest() -> None:
    backlog = Backlog(most_events=2, most_bytes=1_000)
    assert [backlog.offer(waiting(number)) for number in range(4)] == [True, True, False, False]
    assert backlog.overflowed
    assert (len(backlog), backlog.size, backlog.take(1_000)) == (0, 0, [])


def test_too_many_bytes_make_it_overflow() -> None:
    backlog = Backlog(most_events=100, most_bytes=100)
    assert [backlog.offer(waiting(number, size=60)) for number in range(2)] == [True, False]


@given(st.lists(st.one_of(st.integers(0, 300), st.none()), max_size=60))
def test_what_waits_is_bounded_and_told_once_in_order(steps: list[int | None]) -> None:
    """A number: an event of so many bytes comes; None: the client takes."""
    backlog = Backlog(most_events=5, most_bytes=400)
    taken: list[int] = []
    for number, size in enumerate(steps):
        if size is None:
            taken += [one.offset for one in backlog.take(250)]
        else:
            backlog.offer(waiting(number, size))
        assert len(backlog) <= 5
        assert backlog.size <= 400
    taken += [one.offset for one in backlog.take(10_000)]
    offered = [number for number, size in enumerate(steps) if size is not None]
    assert taken == offered[: len(taken)]
    assert len(taken) == len(offered) or backlog.overflowed
