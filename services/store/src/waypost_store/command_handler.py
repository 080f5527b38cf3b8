"""Takes batches of `wa.commands.store`: one claim in MongoDB, one flush to Kafka, then the offsets may be committed."""

from collections.abc import Collection, Sequence
from dataclasses import replace

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from waypost_common.claims import Claim, ClaimState, Decision, Finish, Start, claim, recorded_outcome
from waypost_common.clock import now_ms
from waypost_common.commands import SessionCreateCommand
from waypost_common.consumption import Batch, NextOffsets
from waypost_common.crash_points import CrashPoint, CrashPoints
from waypost_common.dead_letters import DeadLetter, DeadLetterLimit, DeadLetterReason, note_dead_letter, publish_dead_letters
from waypost_common.first_offsets import start_offsets
from waypost_common.identifiers import EpochMs
from waypost_common.outcomes import Outcome
from waypost_common.publishing import Message, publish
from waypost_common.topics import COMMANDS_DLQ, EVENTS, OUTCOMES, topic_name
from waypost_common.tracing import Span, Tracing, handling
from waypost_store.commands import event_of_command
from waypost_store.connections import Connections
from waypost_store.decisions import decide
from waypost_store.generations import LiveGeneration
from waypost_store.intake import Accepted, read_command
from waypost_store.known_sessions import KnownSession, KnownSessions
from waypost_store.metrics import StoreMetrics
from waypost_store.publishing import event_message, outcome_message
from waypost_store.push.wanted import with_push
from waypost_store.settings import StoreSettings

log = structlog.stdlib.get_logger(__name__)


class CommandHandler:
    """A RecordHandler. Idempotent: a batch that comes again publishes the same events under the same ids."""

    def __init__(
        self,
        settings: StoreSettings,
        connections: Connections,
        generation: LiveGeneration,
        metrics: StoreMetrics,
        *,
        crash: CrashPoints,
        tracing: Tracing,
    ) -> None:
        self._settings = settings
        self._connections = connections
        self._metrics = metrics
        self._crash = crash
        self._tracing = tracing
        self._sessions = KnownSessions(connections.database, generation, backends=settings.kafka.backend_names)
        self._limit = DeadLetterLimit()

    async def assigned(self, partitions: Collection[TopicPartition], consumer: AIOKafkaConsumer) -> NextOffsets:
        return await start_offsets(partitions, consumer)

    async def process(self, batch: Batch) -> NextOffsets:
        connections = self._connections
        read = [read_command(record) for records in batch.values() for record in records]
        self._metrics.batch_size.observe(len(read))
        accepted = [item for item in read if isinstance(item, Accepted)]
        dead = [item for item in read if isinstance(item, DeadLetter)]
        if accepted:
            dead += await self._execute(connections, accepted)
        if dead:
            await publish_dead_letters(connections.producer, topic_name(self._settings.kafka, COMMANDS_DLQ), dead)
        self._count(len(read), dead)
        return {partition: records[-1].offset + 1 for partition, records in batch.items()}

    async def _execute(self, connections: Connections, accepted: Sequence[Accepted]) -> list[DeadLetter]:
        """Returns the commands whose id belongs to somebody else's operation."""
        now = now_ms()
        decisions = await self._decide(accepted, now)
        wanted = [(item.command, decision) for item, decision in zip(accepted, decisions, strict=True)]
        with self._metrics.claim_seconds.time():
            claims = await claim(connections.operations, wanted, now=now, keep_days=self._settings.store.operation_retention_days)
        self._crash.passed(CrashPoint.STORE_AFTER_CLAIM)
        messages: list[Message] = []
        dead: list[DeadLetter] = []
        spans = [self._span(item, now) for item in accepted]
        for item, span, decision, claimed in zip(accepted, spans, decisions, claims, strict=True):
            traced = replace(item, trail=item.trail.under(span.traceparent))
            answer = self._answer(traced, decision, claimed, now)
            if isinstance(answer, DeadLetter):
                dead.append(answer)
            else:
                messages.append(answer)
        with self._metrics.publish_seconds.time():
            await publish(connections.producer, messages)
        self._crash.passed(CrashPoint.STORE_AFTER_PUBLISH)
        told = now_ms()
        for item, span in zip(accepted, spans, strict=True):
            span.end()
            self._metrics.hop_seconds.observe((told - item.record.timestamp) / 1_000)
        self._remember_created(accepted, decisions)
        return dead

    def _span(self, item: Accepted, started: EpochMs) -> Span:
        command, parent = item.command, item.trail.traceparent
        return handling(self._tracing, item.record, command=command.id, kind=command.command, parent=parent, started_ms=started)

    async def _decide(self, accepted: Sequence[Accepted], now: EpochMs) -> list[Decision]:
        """In log order: a session that one command creates is there for the next."""
        sessions = await self._sessions.look(item.command.session for item in accepted)
        decisions = []
        for item in accepted:
            command = item.command
            decision = decide(command, sessions, now=now, backends=self._settings.kafka.backend_names)
            if isinstance(decision, Start):
                known = sessions.setdefault(command.session, KnownSession(command.organization))
                decision = with_push(command, decision, known.push_backend)
            decisions.append(decision)
        return decisions

    def _answer(self, item: Accepted, decision: Decision, claimed: Claim, now: EpochMs) -> Message | DeadLetter:
        command = item.command
        match claimed:
            case Claim(state=ClaimState.ANOTHER):
                return DeadLetter(
                    record=item.record,
                    reason=DeadLetterReason.ORGANIZATION_MISMATCH,
                    detail="id: belongs to an operation of another session or organization",
                )
            case Claim(state=ClaimState.FINISHED_BEFORE, operation=operation) if operation is not None:
                self._note(item, "finished_before")
                return self._outcome_message(item, recorded_outcome(operation, now))
            case Claim(state=ClaimState.WON) if isinstance(decision, Finish):
                self._note(item, decision.status.value)
                outcome = Outcome(
                    command=command.id, status=decision.status, at=now, code=decision.code.value, message=decision.message
                )
                return self._outcome_message(item, outcome)
            case _:
                self._note(item, "started" if claimed.state is ClaimState.WON else "repeated")
                event = event_of_command(command, now=now, default_backend=self._settings.kafka.default_backend)
                return event_message(topic_name(self._settings.kafka, EVENTS), event, command, item.trail)

    def _note(self, item: Accepted, result: str) -> None:
        command = item.command
        self._metrics.commands.labels(command.command, result).inc()
        log.info(
            "command_taken",
            type=command.command,
            result=result,
            command=command.id,
            session=command.session,
            request_id=item.trail.request_id,
        )

    def _outcome_message(self, item: Accepted, outcome: Outcome) -> Message:
        return outcome_message(topic_name(self._settings.kafka, OUTCOMES), outcome, item.trail)

    def _remember_created(self, accepted: Sequence[Accepted], decisions: Sequence[Decision]) -> None:
        """The event that makes the session is in the log now; its document follows."""
        for item, decision in zip(accepted, decisions, strict=True):
            if isinstance(item.command, SessionCreateCommand) and isinstance(decision, Start):
                self._sessions.remember(item.command.session, item.command.organization)

    def _count(self, total: int, dead: Sequence[DeadLetter]) -> None:
        """Raises ConsumptionStoppedError when too much of the topic goes to its dead-letter queue."""
        for letter in dead:
            note_dead_letter(letter, self._metrics.dead_letters, COMMANDS_DLQ)
        for _ in range(total - len(dead)):
            self._limit.count(dead=False)
        for _ in dead:
            self._limit.count(dead=True)
