"""What runs between Kafka and the documents, how far it is, and which copy of the documents is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer

from waypost_common.clock import now_ms
from waypost_common.documents import Collection
from waypost_common.generations import GenerationState, generations_of
from waypost_common.kafka import create_admin
from waypost_common.mongo import MongoDatabase
from waypost_common.report.groups import group_members, group_names
from waypost_common.report.lag import PartitionLag, partition_lags
from waypost_common.report.partitions import partition_counts
from waypost_common.settings import KafkaSettings
from waypost_common.topics import INGEST_GROUP, group_name, topic_names


@dataclass(frozen=True, kw_only=True)
class MakingGeneration:
    """One that `waypost rebuild` makes beside the live one."""

    generation: int
    state: GenerationState
    group: str
    """That folds the log into it, once it is `building`."""

    def to_json(self) -> dict[str, Any]:
        return {"generation": self.generation, "state": self.state, "group": self.group}


@dataclass(frozen=True, kw_only=True)
class PipelineStatus:
    generation: int
    """The one that is read."""
    lags: list[PartitionLag]
    members: Mapping[str, int]
    """Of each consumer group."""
    making: list[MakingGeneration] = field(default_factory=list)
    partition_counts: Mapping[str, int] = field(default_factory=dict)
    """Of the topics that exist, by full name."""

    def to_json(self) -> dict[str, Any]:
        return {
            "generation": self.generation,
            "making": [one.to_json() for one in self.making],
            "partitions": [lag.to_json() for lag in self.lags],
            "groups": [{"group": group, "members": count} for group, count in self.members.items()],
        }


async def pipeline_status(settings: KafkaSettings, database: MongoDatabase, consumer: AIOKafkaConsumer) -> PipelineStatus | None:
    """None where the system was never set up. Raises the drivers' errors when a server is away.

    `consumer`: of `open_reader`, nobody else's meanwhile.
    """
    generations = generations_of([document async for document in database[Collection.GENERATIONS].find({})])
    if generations.live is None:
        return None
    consumed = sorted(generations.consumed)
    admin = create_admin(settings, client_id="waypost-status")
    try:
        await admin.start()
        counts = await partition_counts(admin, list(topic_names(settings)))
        members = await group_members(admin, group_names(settings, consumed))
        lags = await partition_lags(settings, database, admin, consumer, counts=counts, generations=consumed, now=now_ms())
    finally:
        await admin.close()
    return PipelineStatus(
        generation=generations.live,
        making=[
            MakingGeneration(generation=one, state=state, group=group_name(settings, INGEST_GROUP, one))
            for one, state in sorted(generations.states.items())
            if state is not GenerationState.ABANDONED
        ],
        lags=lags,
        members=members,
        partition_counts=counts,
    )
