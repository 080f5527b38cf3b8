"""What ingest does with a poll's records: decode, apply, tell outcomes, save positions - in that order (rules R4, R6)."""

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from waypost_common.consumption import Batch, ConsumptionStoppedError, NextOffsets, Record, RetryLaterError
from waypost_common.crash_points import CrashPoint, CrashPoints
from waypost_common.dead_letters import DeadLetter, DeadLetterLimit, note_dead_letter, publish_dead_letters
from waypost_common.documents import NO_OFFSET
from waypost_common.identifiers import CommandId, EpochMs, EventId, Offset
from waypost_common.topics import EVENTS_DLQ
from waypost_common.tracing import NO_TRACING, Span, Tracing, handling
from waypost_ingest.metrics import IngestMetrics, Stage
from waypost_ingest.outcomes import publish_outcomes
from waypost_ingest.position_saver import PositionSaver
from waypost_ingest.positions import ANOTHER_LOG, Position, Positions, first_offset
from waypost_ingest.record_ids import digest_of, is_digest
from waypost_ingest.settings import IngestSettings
from waypost_ingest.standing import Role, Standing
from waypost_projection.applied import CommandOutcome
from waypost_projection.fold.commands_seen import COMMANDS_KEPT
from waypost_projection.logged import AnyLogged, decode
from waypost_projection.writer import GIVE_WAY_EVERY, ProjectionWriter

SAVE_SECONDS: Final = 2.0
log = structlog.stdlib.get_logger(__name__)


@dataclass(slots=True)
class _Decoded:
    """A partition's part of a batch. It may end early: see `_decode`."""

    events: list[AnyLogged] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    last: Record | None = None
    read_again: int | None = None
    """Offset of the record that was applied, or buried, before the process started."""
    buried: bool = False
    """It was buried: whatever this version makes of it, nothing is done with it again."""


class IngestHandler:
    """Applies `wa.events` to the documents of one generation."""

    def __init__(
        self,
        *,
        settings: IngestSettings,
        writer: ProjectionWriter,
        positions: Positions,
        producer: AIOKafkaProducer,
        outcomes_topic: str,
        dead_letters_topic: str,
        generation: int,
        metrics: IngestMetrics,
        tracing: Tracing,
        crash: CrashPoints,
        standing: Standing,
    ) -> None:
        self._settings = settings
        self._writer = writer
        self._positions = positions
        self._producer = producer
        self._outcomes_topic = outcomes_topic
        self._dead_letters_topic = dead_letters_topic
        self._generation = generation
        self._live_metrics = metrics
        self._silent_metrics = IngestMetrics()
        self._tracing = tracing
        self._crash = crash
        self._standing = standing
        self._saver = PositionSaver(positions, lambda: self._metrics, crash)
        self._limits: dict[int, DeadLetterLimit] = {}
        self._started_at: dict[TopicPartition, Position] = {}

    async def assigned(self, partitions: Collection[TopicPartition], consumer: AIOKafkaConsumer) -> NextOffsets:
        """Starts each partition at its recorded position, and refuses a log that is not the one read before."""
        positions = await self._positions.load([partition.partition for partition in partitions])
        try:
            starts = await consumer.beginning_offsets(partitions)
            ends = await consumer.end_offsets(partitions)
        except KafkaError as error:
            raise RetryLaterError(f"Kafka: {type(error).__name__}") from error
        offsets = {}
        for partition in partitions:
            position = positions[partition.partition]
            offsets[partition] = first_offset(position, log_start=starts[partition], log_end=ends[partition])
            self._limits[partition.partition] = self._new_limit()
        self._started_at |= {partition: positions[partition.partition] for partition in partitions}
        log.info("partitions_assigned", partitions=sorted(partition.partition for partition in partitions))
        return offsets

    async def stop(self) -> None:
        """After the last batch."""
        await self._saver.stop(SAVE_SECONDS)

    @property
    def _metrics(self) -> IngestMetrics:
        """What is told of ingest is told of the live generation."""
        return self._live_metrics if self._standing.role is Role.LIVE else self._silent_metrics

    async def process(self, batch: Batch) -> NextOffsets:
        started, began_ms, stages = time.perf_counter(), time.time() * 1_000, self._metrics.stage_seconds
        with stages.labels(Stage.DECODE).time():
            decoded = {partition: await self._decode(partition, records) for partition, records in batch.items()}
        events = [logged for part in decoded.values() for logged in part.events]
        applied = await self._writer.apply(events)
        self._crash.passed(CrashPoint.INGEST_AFTER_WRITE)
        stages.labels(Stage.LOAD).observe(applied.load_s)
        stages.labels(Stage.FOLD).observe(applied.fold_s)
        stages.labels(Stage.WRITE).observe(applied.write_s)
        dead = [letter for part in decoded.values() for letter in part.dead]
        records: dict[tuple[int, int], Record] = {}
        if applied.refused or applied.outcomes:
            records = {(record.partition, record.offset): record for part in batch.values() for record in part}
        buried_before = {partition.partition: {part.read_again} for partition, part in decoded.items()}
        dead += [
            DeadLetter(
                record=records[logged.partition, logged.offset],
                reason=reason,
                detail="the session or chat belongs to another organization",
            )
            for logged, reason in applied.refused
            if logged.offset not in buried_before[logged.partition]
        ]
        with stages.labels(Stage.TELL).time():
            if self._standing.buries:
                await self._bury(dead)
            if self._standing.tells_outcomes:
                await self._tell(applied.outcomes, records, began_ms)
        self._crash.passed(CrashPoint.INGEST_AFTER_OUTCOME)
        self._saver.reached(self._reached(decoded))
        self._observe(batch, events, started)
        if self._standing.buries:
            self._count_dead(batch, dead)
        return {partition: part.last.offset + 1 for partition, part in decoded.items() if part.last is not None}

    async def _decode(self, partition: TopicPartition, records: Sequence[Record]) -> _Decoded:
        """Decodes until one chat's commands would no longer fit into what it remembers of them.

        A batch that is cut by a crash comes again whole; each of its commands must still be known then (rule R6).
        """
        part = self._check_start(partition, records[0])
        commands: Counter[bytes | None] = Counter()
        for number, record in enumerate(records):
            if number % GIVE_WAY_EVERY == 0:
                await asyncio.sleep(0)
            if part.buried and record.offset == part.read_again:
                part.last = record
                continue
            found = decode(record, max_bytes=self._settings.batch.max_event_bytes)
            if isinstance(found, DeadLetter):
                part.dead.append(found)
            else:
                if found.command is not None:
                    commands[record.key] += 1
                    if commands[record.key] > COMMANDS_KEPT:
                        break
                part.events.append(found)
            part.last = record
        return part

    def _check_start(self, partition: TopicPartition, record: Record) -> _Decoded:
        """The first record after an assignment is the last one applied before: its id tells whether it is the same log.

        Raises ConsumptionStoppedError.
        """
        position = self._started_at.pop(partition, None)
        if position is None or position.offset == NO_OFFSET or position.event is None or record.offset != position.offset:
            return _Decoded()
        buried = is_digest(position.event)
        if position.event != (digest_of(record) if buried else self._id_of(record)):
            raise ConsumptionStoppedError(
                f"offset {position.offset} of partition {position.partition} holds another event than the one applied before: "
                f"{ANOTHER_LOG}"
            )
        return _Decoded(read_again=record.offset, buried=buried)

    def _id_of(self, record: Record) -> str | None:
        found = decode(record, max_bytes=self._settings.batch.max_event_bytes)
        return None if isinstance(found, DeadLetter) else found.event.id

    async def _bury(self, dead: list[DeadLetter]) -> None:
        if not dead:
            return
        await publish_dead_letters(self._producer, self._dead_letters_topic, dead)
        for letter in dead:
            note_dead_letter(letter, self._metrics.dead_letters, EVENTS_DLQ)

    async def _tell(self, outcomes: Sequence[CommandOutcome], records: Mapping[tuple[int, int], Record], began_ms: float) -> None:
        tracing = self._tracing if self._standing.role is Role.LIVE else NO_TRACING
        spans: dict[CommandId, Span] = {}
        traced = []
        for outcome in outcomes:
            command = outcome.command
            record = records[outcome.logged.partition, outcome.logged.offset]
            span = spans[command.id] = handling(
                tracing, record, command=command.id, parent=command.trail.traceparent, started_ms=began_ms
            )
            trail = command.trail.under(span.traceparent)
            traced.append(replace(outcome, command=replace(command, trail=trail)))
        told = await publish_outcomes(self._producer, self._outcomes_topic, traced, generation=self._generation)
        self._metrics.outcomes.inc(len(told))
        for outcome in told:
            spans[outcome.command.id].end({"waypost.outcome": outcome.status.value})
            log.info(
                "command_applied",
                status=outcome.status.value,
                command=outcome.command.id,
                session=outcome.logged.event.session,
                request_id=outcome.command.trail.request_id,
            )
            record = records[outcome.logged.partition, outcome.logged.offset]
            self._metrics.hop_seconds.observe(time.time() - record.timestamp / 1_000)

    def _reached(self, decoded: Mapping[TopicPartition, _Decoded]) -> list[Position]:
        reached = []
        for partition, part in decoded.items():
            if part.last is None:
                continue
            newest = part.events[-1] if part.events else None
            same = newest is not None and newest.offset == part.last.offset
            reached.append(
                Position(
                    partition=partition.partition,
                    offset=Offset(part.last.offset),
                    event=EventId(newest.event.id) if newest is not None and same else digest_of(part.last),
                    timestamp=EpochMs(part.last.timestamp),
                    log_start=Offset(0),
                )
            )
        return reached

    def _observe(self, batch: Batch, events: Sequence[AnyLogged], started: float) -> None:
        for name, count in Counter(logged.event.event for logged in events).items():
            self._metrics.events.labels(name).inc(count)
        self._metrics.batch_size.observe(sum(map(len, batch.values())))
        self._metrics.batch_seconds.observe(time.perf_counter() - started)
        self._metrics.age_seconds.set(time.time() - max(records[-1].timestamp for records in batch.values()) / 1_000)

    def _count_dead(self, batch: Batch, dead: Sequence[DeadLetter]) -> None:
        buried = {(letter.record.partition, letter.record.offset) for letter in dead}
        for partition, records in batch.items():
            limit = self._limits.setdefault(partition.partition, self._new_limit())
            for record in records:
                limit.count(dead=bool(buried) and (record.partition, record.offset) in buried)

    def _new_limit(self) -> DeadLetterLimit:
        limits = self._settings.deadletters
        return DeadLetterLimit(consecutive=limits.consecutive, share=limits.share, window=limits.window)
