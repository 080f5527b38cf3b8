"""A service ends with 0 after a signal, and with one clear line when it must not go on."""

import asyncio
import os
import signal
from typing import Any, NamedTuple

import pytest
from aiokafka.errors import KafkaConnectionError
from pymongo.errors import OperationFailure

from waypost_common.consumption import ConsumptionStoppedError
from waypost_common.errors import CannotRunError
from waypost_common.running import run_service, running, until_stopped
from waypost_common.server_errors import advice


class FakeBroker:
    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[str] = []
        self._error = error

    async def start(self) -> None:
        self.calls.append("start")
        if self._error is not None:
            raise self._error

    async def stop(self) -> None:
        self.calls.append("stop")


class Failing(NamedTuple):
    failure: asyncio.Future[None] | None


async def test_a_broker_is_stopped_after_use() -> None:
    broker: Any = FakeBroker()
    async with running(broker):
        assert broker.calls == ["start"]
    assert broker.calls == ["start", "stop"]


async def test_a_broker_that_could_not_start_is_stopped_too() -> None:
    broker: Any = FakeBroker(KafkaConnectionError())
    with pytest.raises(KafkaConnectionError):
        async with running(broker):
            pass
    assert broker.calls == ["start", "stop"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_wait(number: signal.Signals) -> None:
    asyncio.get_running_loop().call_later(0.01, os.kill, os.getpid(), number)
    async with asyncio.timeout(5):
        await until_stopped(Failing(None))


async def test_what_ended_a_loop_ends_the_wait() -> None:
    loop = asyncio.get_running_loop()
    failing = Failing(loop.create_future())
    assert failing.failure is not None
    loop.call_soon(failing.failure.set_exception, ConsumptionStoppedError("the topic was made again"))
    with pytest.raises(ConsumptionStoppedError, match="made again"):
        async with asyncio.timeout(5):
            await until_stopped(failing)


async def _nothing() -> None:
    pass


def test_a_service_that_returns_exits_normally() -> None:
    run_service("waypost-unit", _nothing)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ConsumptionStoppedError("rebuild"), "waypost-unit: rebuild"),
        (ExceptionGroup("g", [ExceptionGroup("h", [ConsumptionStoppedError("rebuild")])]), "waypost-unit: rebuild"),
        (
            KafkaConnectionError(),
            f"waypost-unit: {advice(KafkaConnectionError())}",
        ),
        (
            OperationFailure("Authentication failed.", 18),
            "waypost-unit: MongoDB refuses the user or password: correct WAYPOST_MONGO_URL (and its authSource)",
        ),
        (CannotRunError("the clocks differ"), "waypost-unit: the clocks differ"),
        (OSError("address in use"), "waypost-unit: address in use"),
    ],
)
def test_a_service_that_must_not_go_on_says_why_in_one_line(error: Exception, line: str) -> None:
    async def main() -> None:
        raise error

    with pytest.raises(SystemExit) as end:
        run_service("waypost-unit", main)
    assert end.value.code == line


def test_a_bug_keeps_its_traceback() -> None:
    async def main() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_service("waypost-unit", main)
