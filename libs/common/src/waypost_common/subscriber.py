"""A FastStream subscriber whose records are fetched and committed by our own loop.

FastStream starts and stops it with the broker and describes it in AsyncAPI; `ConsumptionLoop` replaces the part between.
"""

import asyncio
import time
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer
from faststream import AckPolicy
from faststream._internal.broker.registrator import Registrator
from faststream._internal.endpoint.subscriber.call_item import CallsCollection
from faststream.kafka import KafkaBroker
from faststream.kafka.schemas import Topic
from faststream.kafka.subscriber.config import KafkaSubscriberConfig, KafkaSubscriberSpecificationConfig
from faststream.kafka.subscriber.specification import KafkaSubscriberSpecification
from faststream.kafka.subscriber.usecase import BatchSubscriber

from waypost_common.consumption import ConsumptionLoop, RecordHandler
from waypost_common.crash_points import NO_CRASH, CrashPoints
from waypost_common.kafka import consumer_options
from waypost_common.settings import KafkaSettings

STOP_DEADLINE_S = 10.0
LEAVE_DEADLINE_S = 3.0

log = structlog.stdlib.get_logger(__name__)


class LoopSubscriber(BatchSubscriber):
    """Runs a ConsumptionLoop where FastStream would run its own. `failure` is set when the loop must not go on."""

    def __init__(self, *args: Any, loop: ConsumptionLoop, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.loop = loop
        self.failure: asyncio.Future[None] | None = None
        self._ended = asyncio.Event()
        self._ended.set()
        self._leaving: asyncio.Task[None] | None = None
        self._leave_until = 0.0

    async def start(self) -> None:
        """Once, until the group has given its partitions. One that raises, or is cancelled, leaves nothing open."""
        self.failure = asyncio.get_running_loop().create_future()
        try:
            await super().start()
        except BaseException:
            await self.stop()
            raise

    async def _run_consume_loop(self, consumer: AIOKafkaConsumer) -> None:
        self._ended.clear()
        try:
            await self.loop.run(consumer)
        except Exception as error:  # noqa: BLE001  (any error of a loop ends the service, which reports it)
            if self.failure is not None and not self.failure.done():
                self.failure.set_exception(error)
        finally:
            self._ended.set()

    def read_as(self, group: str) -> None:
        """The consumer group, when it is known only after construction. Before the start."""
        self.group_id = group

    async def stop(self) -> None:
        """Lets the batch at hand finish within a deadline; leaves the group afterwards. May be repeated."""
        self.loop.stop()
        try:
            async with asyncio.timeout(STOP_DEADLINE_S):
                await self._ended.wait()
        except TimeoutError:
            pass
        if self._leaving is None:
            self._leaving = asyncio.create_task(super().stop(), name="leaving")  # noqa: TID251  (held, and awaited below)
            self._leave_until = time.monotonic() + LEAVE_DEADLINE_S
        # A Kafka that is silent would hold the leaving for its whole request timeout. It is not broken off then: a consumer
        # that is half closed would stay a member of the group, with its partitions, as long as the process lives.
        left, _ = await asyncio.wait({self._leaving}, timeout=max(0.0, self._leave_until - time.monotonic()))
        if left:
            self._leaving.result()
        else:
            log.warning("group_not_left", advice="Kafka does not answer; it gives the partitions away after the session timeout")


def subscribe(
    broker: KafkaBroker,
    settings: KafkaSettings,
    *,
    topic: str,
    group: str,
    handler: RecordHandler | None,
    describe: Any,
    max_records: int,
    crash: CrashPoints = NO_CRASH,
    persistent: bool = True,
) -> LoopSubscriber:
    """Adds a subscriber of `topic` (its full name) to the broker. `describe`'s signature and docstring go into AsyncAPI.

    The broker knows one that is not `persistent` only as long as the caller holds it: for those that come and go.
    """
    topics = [Topic(topic, declare=False)]
    outer: Any = broker.config
    deadline_s = settings.session_timeout_ms / 2_000
    loop = ConsumptionLoop(handler, max_records=max_records, revoke_deadline_s=deadline_s, crash=crash)
    calls: CallsCollection[Any] = CallsCollection()
    subscriber = LoopSubscriber(
        KafkaSubscriberConfig(
            topics=topics,
            group_id=group,
            listener=loop,
            connection_args=consumer_options(settings),
            _outer_config=outer,
            _ack_policy=AckPolicy.MANUAL,
            no_reply=True,
        ),
        KafkaSubscriberSpecification(
            _outer_config=outer,
            calls=calls,
            specification_config=KafkaSubscriberSpecificationConfig(
                topics=topics, title_=None, description_=None, include_in_schema=True
            ),
        ),
        calls,
        batch_timeout_ms=0,
        max_records=max_records,
        loop=loop,
    )
    # The public `broker.subscriber` builds the classes of FastStream itself; the registry underneath takes any.
    Registrator.subscriber(broker, subscriber, persistent=persistent)
    subscriber(describe)
    return subscriber
