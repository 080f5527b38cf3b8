"""The API ends when its clock and MongoDB's differ by seconds, and waits to compare them."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from pymongo.errors import ServerSelectionTimeoutError

from waypost_api import refusal as module
from waypost_api.refusal import Refusal, end_if_clocks_differ, telling


class FakeAdmin:
    def __init__(self, answers: Iterator[timedelta | Exception]) -> None:
        self._answers = answers

    async def command(self, _name: str) -> dict[str, Any]:
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return {"localTime": datetime.now(UTC) - answer}


def client_that_answers(*answers: timedelta | Exception) -> Any:
    return SimpleNamespace(admin=FakeAdmin(iter(answers)))


@pytest.fixture
async def told_to_stop() -> AsyncIterator[asyncio.Event]:
    event = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, event.set)
    yield event
    asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)


async def test_clocks_that_agree_end_nothing() -> None:
    refusal = Refusal()
    await end_if_clocks_differ(client_that_answers(*[timedelta()] * 3), refusal)
    assert refusal.reason is None


async def test_clocks_that_differ_by_seconds_end_the_process(told_to_stop: asyncio.Event) -> None:
    refusal = Refusal()
    await end_if_clocks_differ(client_that_answers(*[timedelta(seconds=60)] * 3), refusal)
    async with asyncio.timeout(5):
        await told_to_stop.wait()
    assert refusal.reason is not None
    assert "ahead of MongoDB's" in refusal.reason


async def test_a_mongodb_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch, told_to_stop: asyncio.Event) -> None:
    monkeypatch.setattr(module, "PAUSE_S", 0)
    away = ServerSelectionTimeoutError("db:27017: [Errno 111] Connection refused")
    refusal = Refusal()
    await end_if_clocks_differ(client_that_answers(away, away, *[timedelta(seconds=-60)] * 3), refusal)
    assert refusal.reason is not None
    assert "behind MongoDB's" in refusal.reason


async def test_a_start_that_failed_is_told_without_the_servers_traceback() -> None:
    refusal = Refusal()
    sent: list[Any] = []

    async def app(_scope: object, _receive: object, send: Any) -> None:
        await send({"type": "lifespan.startup.failed", "message": "Traceback ..."})

    async def send(message: object) -> None:
        sent.append(message)

    app_as_any: Any = app
    receive: Any = None
    await telling(app_as_any, refusal)({"type": "lifespan"}, receive, send)
    refusal.reason = "cannot listen"
    await telling(app_as_any, refusal)({"type": "lifespan"}, receive, send)
    assert sent == [{"type": "lifespan.startup.failed", "message": "Traceback ..."}, {"type": "lifespan.startup.failed"}]
