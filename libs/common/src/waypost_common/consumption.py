"""The loop that reads a topic as one member of a consumer group, and commits only what its handler has made safe (rules R4, R5).

FastStream's own batch subscriber acknowledges and flattens in ways that lose events (ARCHITECTURE.md), so the hot loops are
this one. It alone touches the consumer, apart from the rebalance callbacks, which do no more than set marks and wait.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    ConsumerStoppedError,
    KafkaError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)
from aiokafka.structs import ConsumerRecord

from waypost_common.backlog import Backlog, Behind
from waypost_common.crash_points import NO_CRASH, CrashPoint, CrashPoints
from waypost_common.fetch_wait import FetchWait
from waypost_common.stop_signal import StopSignal
from waypost_common.unreadable import read_around

log = structlog.stdlib.get_logger(__name__)

Record = ConsumerRecord[bytes, bytes]
Batch = Mapping[TopicPartition, Sequence[Record]]
NextOffsets = Mapping[TopicPartition, int]

POLL_MS = 1_000
POLL_WHILE_WAITING_MS = 50
COMMIT_INTERVAL_S = 1.0
FETCH_AHEAD_FROM = 500
"""Records of a batch. While a smaller one is at hand nothing is fetched, so that all that came meanwhile is in the next one."""
FIRST_BACKOFF_S = 0.1
LONGEST_BACKOFF_S = 5.0


class RetryLaterError(Exception):
    """MongoDB or Kafka is away. Never the records' fault: the loop waits, and hands over the same records again."""


class ConsumptionStoppedError(Exception):
    """This consumer must not go on; the text says why and what to do. The service exits with it."""


class RecordHandler(Protocol):
    """What a service does with records. Every method may block on I/O; none is called concurrently with another.

    Any of them may raise RetryLaterError (called again after a pause, with the same records) or ConsumptionStoppedError
    (the service ends). Any other exception is a bug and ends the service too, with nothing committed.
    """

    async def assigned(self, partitions: Collection[TopicPartition], consumer: AIOKafkaConsumer) -> NextOffsets:
        """Called after a rebalance, before records of these partitions are handed over: where to start each of them."""
        ...

    async def process(self, batch: Batch) -> NextOffsets:
        """Makes a poll's records safe and says, per partition of the batch, which offset comes next.

        Everything below that offset may be committed. An offset below the batch's end is sought back to and read again.
        Must be idempotent: records come again after a crash or a rebalance.
        """
        ...


class ConsumptionLoop(ConsumerRebalanceListener):
    """Runs one consumer for one handler until `stop`."""

    def __init__(
        self,
        handler: RecordHandler | None,
        *,
        max_records: int,
        revoke_deadline_s: float,
        monotonic: Callable[[], float] = time.monotonic,
        crash: CrashPoints = NO_CRASH,
    ) -> None:
        self.handler = handler
        """May be given after construction, before the broker starts: what it needs is opened in the service's lifespan."""
        self._max_records = max_records
        self._revoke_deadline_s = revoke_deadline_s
        self._monotonic = monotonic
        self._crash = crash
        self._consumer: AIOKafkaConsumer | None = None
        self._joined = False
        self._revoking = False
        self._starting: set[TopicPartition] = set()
        self._reading: dict[TopicPartition, int] = {}
        """The partitions whose records are handed over, each with the offset of the next one."""
        self._uncommitted: dict[TopicPartition, int] = {}
        self._backlog = Backlog()
        self._fetch_wait = FetchWait(monotonic)
        self._committed_at = self._monotonic()
        self._idle = asyncio.Event()
        self._idle.set()
        self._stop = StopSignal()

    @property
    def ready(self) -> bool:
        """Whether the group has given this member its partitions, perhaps none, and all of them are being read."""
        return self._joined and not self._starting

    def behind(self) -> Iterator[Behind]:
        """Of each partition that is read, once Kafka has told where its log ends."""
        for partition, offset in self._reading.items():
            if (end := self._end(partition)) is not None:
                yield self._backlog.behind(partition, end - offset)

    def _end(self, partition: TopicPartition) -> int | None:
        consumer = self._consumer
        if consumer is None or partition not in consumer.assignment():
            return None
        end: int | None = consumer.highwater(partition)
        return end

    def _required_handler(self) -> RecordHandler:
        if self.handler is None:
            raise RuntimeError("the loop was started without a handler")
        return self.handler

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Lets the batch at hand finish within the deadline, then commits what is safe."""
        self._revoking = True
        if revoked:
            self._crash.passed(CrashPoint.CONSUMPTION_REVOKED)
        try:
            async with asyncio.timeout(self._revoke_deadline_s):
                await self._idle.wait()
                await self._commit()
        except TimeoutError:
            log.warning("revoked_with_a_batch_at_hand", partitions=len(revoked))
        self._reading.clear()
        self._starting.clear()
        self._uncommitted.clear()
        self._backlog.forget()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Holds new partitions back until the loop has asked the handler where to start them."""
        if self._consumer is not None and assigned:
            self._consumer.pause(*assigned)
        self._reading.clear()
        self._starting = set(assigned)
        self._joined = True
        self._revoking = False

    def stop(self) -> None:
        """The loop ends after the batch at hand; at once while it waits for records. May be repeated."""
        self._stop.set()

    async def run(self, consumer: AIOKafkaConsumer) -> None:
        """Returns after `stop`; raises ConsumptionStoppedError when it must not go on."""
        self._consumer = consumer
        # Assigned before there was a consumer to pause: records of these that are polled before `assigned` would be lost.
        self._starting |= set(consumer.assignment())
        consumer.pause(*consumer.assignment())
        backoff = FIRST_BACKOFF_S
        while not self._stop.is_set():
            try:
                await self._start_partitions(consumer)
                if not self._stop.is_set() and await self._poll(consumer):
                    backoff = FIRST_BACKOFF_S
            except RetryLaterError as error:
                log.warning("waiting_for_a_dependency", reason=str(error), seconds=backoff)
                await self._wait(consumer, backoff)
                backoff = min(backoff * 2, LONGEST_BACKOFF_S)
            except ConsumerStoppedError:
                return
        await self._commit()

    async def _start_partitions(self, consumer: AIOKafkaConsumer) -> None:
        starting = self._starting & set(consumer.assignment())
        if not starting:
            return
        offsets = await self._required_handler().assigned(frozenset(starting), consumer)
        still = starting & set(consumer.assignment()) & self._starting
        for partition in still:
            self._reading[partition] = offsets[partition]
            consumer.seek(partition, offsets[partition])
        consumer.resume(*still)
        self._starting -= starting

    async def _poll(self, consumer: AIOKafkaConsumer) -> bool:
        timeout_ms = POLL_MS if self._reading else POLL_WHILE_WAITING_MS
        try:
            polled = await self._stop.unless_set(consumer.getmany(timeout_ms=timeout_ms, max_records=self._max_records)) or {}
        except NoOffsetForPartitionError:
            # Committed offsets expire or were never made; `assigned` says where to start, so this one is not needed.
            polled = {}
        except OffsetOutOfRangeError as error:
            # The log was cut or made again under a running consumer: the handler decides anew where to start, or stops.
            self._start_again(consumer, error.args[0])
            polled = {}
        except UnicodeDecodeError:
            self._seek_back(consumer)
            polled = await read_around(consumer, dict(self._reading), max_records=self._max_records)
        except KafkaError as error:
            self._seek_back(consumer)
            raise RetryLaterError(f"Kafka: {type(error).__name__}") from error
        self._fetch_wait.polled(consumer, records=bool(polled))
        batch = {partition: records for partition, records in polled.items() if records and partition in self._reading}
        if batch and not self._revoking:
            await self._process(consumer, batch)
        if self._monotonic() - self._committed_at >= COMMIT_INTERVAL_S:
            for partition, offset in self._reading.items():
                if self._end(partition) == offset:
                    self._backlog.caught_up(partition)
            await self._commit()
        return bool(batch)

    def _seek_back(self, consumer: AIOKafkaConsumer) -> None:
        """A poll that raises may have taken records of some partitions already, and then drops them."""
        for partition in self._reading.keys() & set(consumer.assignment()):
            consumer.seek(partition, self._reading[partition])

    def _start_again(self, consumer: AIOKafkaConsumer, partitions: Iterable[TopicPartition]) -> None:
        again = set(partitions) & self._reading.keys() & set(consumer.assignment())
        consumer.pause(*again)
        self._starting |= again
        for partition in again:
            del self._reading[partition]
            self._uncommitted.pop(partition, None)

    async def _process(self, consumer: AIOKafkaConsumer, batch: Batch) -> None:
        self._idle.clear()
        held: AbstractSet[TopicPartition] = frozenset()
        if sum(map(len, batch.values())) < min(FETCH_AHEAD_FROM, self._max_records):
            # aiokafka fetches the next records as soon as these are taken: the few that have come by then would be a batch of
            # their own, and those after them wait for one batch more.
            held = self._reading.keys() & set(consumer.assignment())
            consumer.pause(*held)
        for partition, records in batch.items():
            self._backlog.took(partition, records)
        next_offsets: NextOffsets = {}
        try:
            next_offsets = await self._required_handler().process(batch)
        finally:
            # Nothing made safe (an outage, a cancellation) seeks every partition back to the start of the batch.
            for partition, records in batch.items():
                self._settle(consumer, partition, records, next_offsets)
            consumer.resume(*(held & self._reading.keys() & set(consumer.assignment())))
            self._idle.set()

    def _settle(
        self, consumer: AIOKafkaConsumer, partition: TopicPartition, records: Sequence[Record], next_offsets: NextOffsets
    ) -> None:
        if partition not in self._reading or partition not in consumer.assignment():
            return
        reached = next_offsets.get(partition, records[0].offset)
        self._reading[partition] = reached
        self._backlog.took(partition, records, reached)
        if reached > records[0].offset:
            self._uncommitted[partition] = reached
        if reached <= records[-1].offset:
            consumer.seek(partition, reached)

    async def _wait(self, consumer: AIOKafkaConsumer, seconds: float) -> None:
        """Keeps polling with everything paused, so that the group does not think this consumer is gone."""
        until = self._monotonic() + seconds
        paused = self._reading.keys() & set(consumer.assignment())
        consumer.pause(*paused)
        while (left := until - self._monotonic()) > 0 and not self._stop.is_set():
            try:
                await self._stop.unless_set(consumer.getmany(timeout_ms=int(min(left, 0.5) * 1_000)))
            except KafkaError:
                await asyncio.sleep(min(left, 0.5))
        consumer.resume(*(paused & self._reading.keys() & set(consumer.assignment())))

    async def _commit(self) -> None:
        """Tells Kafka how far this group is. Kafka's copy serves monitoring: the truth is in `positions` (rule R4)."""
        self._committed_at = self._monotonic()
        consumer = self._consumer
        if consumer is None:
            return
        offsets = {p: offset for p, offset in self._uncommitted.items() if p in consumer.assignment()}
        if not offsets:
            return
        try:
            await consumer.commit(offsets)
        except CommitFailedError:
            log.info("commit_refused_after_rebalance", partitions=len(offsets))
        except KafkaError as error:
            log.warning("commit_failed", error=type(error).__name__)
            return
        for partition, offset in offsets.items():
            if self._uncommitted.get(partition) == offset:
                del self._uncommitted[partition]
