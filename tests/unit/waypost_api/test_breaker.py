import pytest

from waypost_api.breaker import Breaker
from waypost_common.errors import UnavailableError


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_after_a_failure_one_caller_a_second_tries_and_the_others_are_refused() -> None:
    clock = Clock()
    breaker = Breaker("down", clock=clock)
    breaker.check()
    breaker.failed()
    with pytest.raises(UnavailableError):
        breaker.check()
    clock.now = 1.0
    breaker.check()
    with pytest.raises(UnavailableError):
        breaker.check()


def test_an_answer_lets_everybody_in_again() -> None:
    breaker = Breaker("down", clock=Clock())
    breaker.failed()
    breaker.answered()
    breaker.check()
