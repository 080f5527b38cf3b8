import asyncio

import pytest

from waypost_api.cached import Cached


class Made:
    def __init__(self) -> None:
        self.now = 0.0
        self.times = 0
        self.fails = False

    async def make(self) -> int:
        await asyncio.sleep(0)
        if self.fails:
            raise RuntimeError
        self.times += 1
        return self.times

    def cached(self) -> Cached[int]:
        return Cached(self.make, ttl_s=1.0, monotonic=lambda: self.now)


async def test_all_who_ask_within_a_moment_get_one_answer() -> None:
    made = Made()
    cached = made.cached()
    assert await asyncio.gather(*(cached.get() for _ in range(5))) == [1] * 5
    made.now = 0.9
    assert await cached.get() == 1


async def test_after_that_it_is_made_again() -> None:
    made = Made()
    cached = made.cached()
    await cached.get()
    made.now = 1.0
    assert await cached.get() == 2


async def test_an_error_is_not_kept() -> None:
    made = Made()
    cached = made.cached()
    made.fails = True
    with pytest.raises(RuntimeError):
        await cached.get()
    made.fails = False
    assert await cached.get() == 1
