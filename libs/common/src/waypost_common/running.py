"""Runs a service's broker until a signal or a failure, and turns either into an exit code."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

import structlog
import uvloop
from aiokafka.errors import KafkaError
from pymongo.errors import PyMongoError

from waypost_common.consumption import ConsumptionStoppedError
from waypost_common.errors import CannotRunError
from waypost_common.garbage import collect_seldom
from waypost_common.malloc_arenas import limit_malloc_arenas
from waypost_common.server_errors import advice

if TYPE_CHECKING:
    from faststream.kafka import KafkaBroker

log = structlog.stdlib.get_logger(__name__)


class Failing(Protocol):
    """What may end a service."""

    @property
    def failure(self) -> asyncio.Future[None] | None:
        """Set once the service must not go on; None where nothing was started."""
        ...


@contextlib.contextmanager
def _stop_on_signals(stop: asyncio.Event) -> Any:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


@contextlib.asynccontextmanager
async def running(broker: "KafkaBroker") -> AsyncIterator[None]:
    """The broker's subscribers and publishers, started; on the way out the batches at hand are finished first."""
    try:
        await broker.start()
        yield
    finally:
        await broker.stop()


async def until_stopped(watched: Failing) -> None:
    """Returns on SIGTERM or SIGINT; raises the failure, whichever comes first."""
    stop = asyncio.Event()
    failure = watched.failure
    if failure is not None:
        failure.add_done_callback(lambda _: stop.set())
    with _stop_on_signals(stop):
        await stop.wait()
    if failure is not None and failure.done():
        failure.result()


def run_service(name: str, main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs a service's main coroutine and exits: 0 after a signal, 1 with one clear line when it must not go on."""
    limit_malloc_arenas()
    collect_seldom()
    reason: str | None = None
    try:
        uvloop.run(main())
    except* (CannotRunError, ConsumptionStoppedError, KafkaError, PyMongoError, OSError) as group:
        reason = reason_of(group)
        log.debug("service_stopped_by", exc_info=group)
    if reason is not None:
        log.error("service_stopped", reason=reason)
        sys.exit(f"{name}: {reason}")


def reason_of(error: BaseException) -> str:
    """One line; of a group, that of its first error."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return advice(error) if isinstance(error, KafkaError | PyMongoError) else str(error)
