"""Publishes commands. Kafka may be down when the API starts, and may go down later: that is told at once."""

import asyncio
from typing import Any, Final, cast

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from waypost_api.breaker import Breaker
from waypost_common.commands import CommandEnvelope, StoreCommand, encode_command, key_of_command
from waypost_common.errors import UnavailableError
from waypost_common.kafka import create_producer, start_whole
from waypost_common.live_commands import LiveCommand, key_of_live_command
from waypost_common.server_errors import why
from waypost_common.settings import KafkaSettings
from waypost_common.topics import COMMANDS_STORE, live_commands, topic_name
from waypost_common.tracing import Kind, Span, Tracing
from waypost_common.trail import Trail

log = structlog.stdlib.get_logger(__name__)

RETRY_S: Final = 1.0
STOP_S: Final = 5.0
UNAVAILABLE: Final = "commands cannot be taken at the moment: Kafka does not answer; try again"


class CommandPublisher:
    def __init__(self, settings: KafkaSettings, tracing: Tracing, *, timeout_s: float) -> None:
        self._settings = settings
        self._tracing = tracing
        self._timeout_s = timeout_s
        self._topic = topic_name(settings, COMMANDS_STORE)
        self._producer: AIOKafkaProducer | None = None
        self._broken = asyncio.Event()
        self.ready = asyncio.Event()
        """Set once a producer has been started for the first time."""
        self._breaker = Breaker(UNAVAILABLE)

    def check(self) -> None:
        """Raises UnavailableError when publishing is known to fail: before anything has been recorded."""
        if self._producer is None:
            raise UnavailableError(UNAVAILABLE)
        self._breaker.check()

    async def publish(self, command: CommandEnvelope, *, backend: str | None = None, trail: Trail) -> None:
        """To the connectors of `backend`, or to the store where that is None; returns when every in-sync broker has it.

        Raises UnavailableError; the command may yet arrive then.
        """
        producer = self._producer
        if producer is None:
            raise UnavailableError(UNAVAILABLE)
        if backend is None:
            topic, key = topic_name(self._settings, COMMANDS_STORE), key_of_command(cast("StoreCommand", command))
        else:
            topic, key = topic_name(self._settings, live_commands(backend)), key_of_live_command(cast("LiveCommand", command))
        span = self._span(topic, command, trail)
        headers = [("command", command.command.encode()), ("schema", command.schema_version.encode())]
        headers += trail.under(span.traceparent).headers()
        taken = False
        try:
            async with asyncio.timeout(self._timeout_s):
                await producer.send_and_wait(topic, encode_command(command), key=key.encode(), headers=headers)
            taken = True
        except TimeoutError as error:
            self._breaker.failed()
            raise UnavailableError(UNAVAILABLE) from error
        except KafkaError as error:
            self._breaker.failed()
            self._broken.set()
            log.warning("command_not_published", error=type(error).__name__)
            raise UnavailableError(UNAVAILABLE) from error
        finally:
            span.end(failed=not taken)
        self._breaker.answered()

    def _span(self, topic: str, command: CommandEnvelope, trail: Trail) -> Span:
        attributes = {
            "messaging.system": "kafka",
            "messaging.operation.type": "send",
            "messaging.destination.name": topic,
            "waypost.command": command.id,
            "waypost.command.type": command.command,
        }
        return self._tracing.span(f"send {topic}", Kind.PRODUCER, parent=trail.traceparent, attributes=attributes)

    async def run(self) -> None:
        """Until cancelled: keeps a started producer, and makes a new one when the former has failed."""
        while True:
            producer = create_producer(self._settings, client_id="waypost-api")
            try:
                await start_whole(producer)
                # Knows the partitions before the first command comes.
                await producer.partitions_for(self._topic)
                self._broken.clear()
                self._producer = producer
                self.ready.set()
                log.info("command_publisher_started")
                await self._broken.wait()
            except Exception as error:  # noqa: BLE001  (whatever it was, a producer is needed again)
                log.warning("command_publisher_unavailable", error=type(error).__name__, advice=why(error))
            finally:
                self._producer = None
                await _stop(producer)
            await asyncio.sleep(RETRY_S)


async def _stop(producer: Any) -> None:
    try:
        async with asyncio.timeout(STOP_S):
            await producer.stop()
    except (TimeoutError, KafkaError) as error:
        log.warning("command_publisher_not_flushed", error=type(error).__name__)
