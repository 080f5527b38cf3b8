"""Takes batches of `wa.outcomes` and writes each command's final status into its operation."""

from collections.abc import Collection

from aiokafka import AIOKafkaConsumer, TopicPartition

from waypost_common.clock import now_ms
from waypost_common.consumption import Batch, NextOffsets
from waypost_common.dead_letters import DeadLetter, DeadLetterLimit, note_dead_letter, publish_dead_letters
from waypost_common.first_offsets import start_offsets
from waypost_common.outcomes import Outcome
from waypost_common.topics import COMMANDS_DLQ, topic_name
from waypost_common.tracing import Tracing, handling
from waypost_common.trail import trail_of
from waypost_store.connections import Connections
from waypost_store.generations import LiveGeneration
from waypost_store.intake import read_outcome
from waypost_store.metrics import StoreMetrics
from waypost_store.outcome_writes import write_outcomes
from waypost_store.push.pusher import Pusher
from waypost_store.settings import StoreSettings


class OutcomeHandler:
    """A RecordHandler. Idempotent."""

    def __init__(
        self,
        settings: StoreSettings,
        connections: Connections,
        generation: LiveGeneration,
        metrics: StoreMetrics,
        tracing: Tracing,
    ) -> None:
        self._settings = settings
        self._connections = connections
        self._metrics = metrics
        self._tracing = tracing
        self._pusher = Pusher(settings, connections, generation, metrics)
        self._limit = DeadLetterLimit()

    async def assigned(self, partitions: Collection[TopicPartition], consumer: AIOKafkaConsumer) -> NextOffsets:
        return await start_offsets(partitions, consumer)

    async def process(self, batch: Batch) -> NextOffsets:
        connections = self._connections
        read = [(read_outcome(record), record) for records in batch.values() for record in records]
        outcomes = [item for item, _ in read if isinstance(item, Outcome)]
        dead = [item for item, _ in read if isinstance(item, DeadLetter)]
        trails = {item.command: trail_of(record.headers) for item, record in read if isinstance(item, Outcome)}
        spans = {
            item.command: handling(self._tracing, record, command=item.command, parent=trails[item.command].traceparent)
            for item, record in read
            if isinstance(item, Outcome) and trails[item.command].traceparent is not None
        }
        if outcomes:
            keep_days = self._settings.store.operation_retention_days
            await write_outcomes(connections.operations, outcomes, now=now_ms(), keep_days=keep_days)
            trails |= {command: trails[command].under(span.traceparent) for command, span in spans.items()}
            await self._pusher.follow(outcomes, trails)
        if dead:
            await publish_dead_letters(connections.producer, topic_name(self._settings.kafka, COMMANDS_DLQ), dead)
        for span in spans.values():
            span.end()
        for outcome in outcomes:
            self._metrics.outcomes.labels(outcome.status.value).inc()
            self._limit.count(dead=False)
        for letter in dead:
            note_dead_letter(letter, self._metrics.dead_letters, COMMANDS_DLQ)
            self._limit.count(dead=True)
        return {partition: records[-1].offset + 1 for partition, records in batch.items()}
