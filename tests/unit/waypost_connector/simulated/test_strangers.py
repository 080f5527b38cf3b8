"""How many connections the network holds that have not logged in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from waypost_connector.simulated import server
from waypost_connector.simulated.metrics import NetworkMetrics
from waypost_connector.simulated.server import Asked, Server

MOST = 8


class Disk:
    async def write(self, _what: str, **_facts: object) -> None:
        await asyncio.sleep(0)


class Line:
    """The network's end of a connection whose other end says nothing."""

    def __init__(self) -> None:
        self.reader = asyncio.StreamReader()
        self.transport = self
        self.closed = False

    def close(self) -> None:
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.closed


@asynccontextmanager
async def serving() -> AsyncIterator[Any]:
    nothing: Any = None
    disk: Any = Disk()
    network = Server({}, disk, NetworkMetrics(), Asked(*[nothing] * 5), secret="")

    async with asyncio.TaskGroup() as tasks:
        lines: list[Line] = []

        def come(count: int) -> list[Line]:
            new: list[Any] = [Line() for _ in range(count)]
            for line in new:
                tasks.create_task(network.handle(line.reader, line))
            lines.extend(new)
            return new

        yield come
        for line in lines:
            line.reader.feed_eof()


async def settle() -> None:
    """Until nothing more happens by itself: each connection takes a few turns of the loop."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_STRANGERS", MOST)


async def test_as_many_strangers_as_may_come_are_let_in_and_the_others_are_closed_at_once() -> None:
    async with serving() as come:
        lines = come(MOST + 5)
        await settle()
        assert [line.closed for line in lines] == [False] * MOST + [True] * 5


async def test_a_stranger_that_leaves_makes_room_for_one_more_and_no_more() -> None:
    async with serving() as come:
        first, *_ = come(MOST)
        await settle()
        first.reader.feed_eof()
        await settle()
        lines = come(3)
        await settle()
        assert [line.closed for line in lines] == [False, True, True]


async def test_a_stranger_that_does_not_log_in_in_time_is_closed_and_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "LOGIN_SECONDS", 0.0)
    async with serving() as come:
        lines = come(MOST)
        await settle()
        assert all(line.closed for line in lines)
        monkeypatch.setattr(server, "LOGIN_SECONDS", 10.0)
        lines = come(MOST + 1)
        await settle()
        assert [line.closed for line in lines] == [False] * MOST + [True]
