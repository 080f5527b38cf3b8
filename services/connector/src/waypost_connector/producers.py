"""The Kafka producer of a connector: one at a time, renewed when it had to be given up."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from random import Random
from typing import Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from waypost_common.kafka import start_whole
from waypost_common.kafka_security import KafkaRefusedError
from waypost_common.server_errors import why
from waypost_connector.backoff import delays
from waypost_connector.fenced_producer import Allowed, fence

log = structlog.stdlib.get_logger(__name__)

STOP_SECONDS: Final = 3.0


class RenewedProducers:
    """As `waypost_connector.publisher.Producers`."""

    def __init__(self, create: Callable[[], AIOKafkaProducer]) -> None:
        self._create = create
        self._allowed: Allowed | None = None
        self._current: AIOKafkaProducer | None = None
        self._renewing = asyncio.Lock()
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def current(self) -> AIOKafkaProducer:
        if self._current is None:
            raise RuntimeError("not started")
        return self._current

    async def topics(self) -> Collection[str]:
        """Those that Kafka has; none before it has answered for the first time. Raises KafkaError, OSError."""
        if self._current is None:
            return ()
        found: Collection[str] = (await self._current.client.fetch_all_metadata()).topics()
        return found

    async def start(self, allowed: Allowed | None = None) -> None:
        """Returns once Kafka has answered, however long that takes; may be cancelled. Raises KafkaRefusedError."""
        self._allowed = allowed
        self._current = await self._started(may_be_refused=False)

    async def renew(self, used: object) -> None:
        async with self._renewing:
            if used is self._current:
                log.info("producer_renewed")
                ending = asyncio.get_running_loop().create_task(_stop(self.current), name="stop a producer")
                self._ending.add(ending)
                ending.add_done_callback(self._ending.discard)
                self._current = await self._started()

    async def stop(self) -> None:
        """A producer flushes when it stops, for ever while Kafka is away: what it holds then is delivered again later."""
        stopping = list(self._ending)
        if self._current is not None:
            stopping.append(asyncio.get_running_loop().create_task(_stop(self._current), name="stop the producer"))
        if stopping:
            _, late = await asyncio.wait(stopping, timeout=STOP_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _started(self, *, may_be_refused: bool = True) -> AIOKafkaProducer:
        """`may_be_refused`: goes on trying then, since sessions are held meanwhile and somebody may give the rights back."""
        waits = delays(Random())
        while True:
            producer = self._create()
            if self._allowed is not None:
                fence(producer, self._allowed)
            try:
                await start_whole(producer)
            except (KafkaError, OSError) as error:
                if isinstance(error, KafkaRefusedError) and not may_be_refused:
                    await _stop(producer)
                    raise
                log.warning("kafka_unreachable", reason=type(error).__name__, advice=why(error))
            except asyncio.CancelledError:
                await _stop(producer)
                raise
            else:
                return producer
            await _stop(producer)
            await asyncio.sleep(next(waits))


async def _stop(producer: AIOKafkaProducer) -> None:
    with suppress(KafkaError, OSError):
        await producer.stop()
