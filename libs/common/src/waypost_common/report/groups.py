"""Who reads, and how far: the members of each consumer group, and what it has committed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError
from aiokafka.structs import OffsetAndMetadata

from waypost_common.settings import KafkaSettings
from waypost_common.topics import INGEST_GROUP, STORE_GROUP, STORE_OUTCOMES_GROUP, connector_group, group_name

COORDINATOR_S: Final = 5.0
"""A cluster that was never asked for a group makes the topic of their offsets first; another broker takes them over."""
BETWEEN_S: Final = 0.1
T = TypeVar("T")


def group_names(settings: KafkaSettings, generations: Iterable[int]) -> list[str]:
    """`generations`: those that ingest folds the log into."""
    return [
        *(group_name(settings, INGEST_GROUP, generation) for generation in generations),
        group_name(settings, STORE_GROUP),
        group_name(settings, STORE_OUTCOMES_GROUP),
        *(group_name(settings, connector_group(backend)) for backend in settings.backend_names),
    ]


async def group_members(admin: AIOKafkaAdminClient, groups: Iterable[str]) -> dict[str, int]:
    """How many members each group has now; 0 for one that Kafka does not know."""
    members = {}
    for group in groups:
        # One a request: aiokafka 0.14 reads the answer wrongly when it tells of several groups.
        responses: list[Any] = await _once_coordinated(lambda group=group: admin.describe_consumer_groups([group]))  # type: ignore[misc]
        members[group] = sum(len(described[5]) for response in responses for described in response.groups)
    return members


async def committed_offsets(
    admin: AIOKafkaAdminClient, group: str, partitions: Sequence[TopicPartition]
) -> dict[TopicPartition, int | None]:
    """The group's committed offset for each of the partitions; None where it has none. `group`: its full name.

    Raises KafkaError, when no broker answers for the group within COORDINATOR_S.
    """

    async def fetch() -> Mapping[TopicPartition, OffsetAndMetadata]:
        found: Mapping[TopicPartition, OffsetAndMetadata] = await admin.list_consumer_group_offsets(
            group, partitions=list(partitions)
        )
        # What the broker says of the group as a whole, aiokafka 0.14 leaves out; then it says nothing of the partitions.
        if any(partition not in found for partition in partitions):
            raise GroupCoordinatorNotAvailableError(f"no broker tells the offsets of group {group}")
        return found

    found = await _once_coordinated(fetch)
    return {partition: None if found[partition].offset < 0 else found[partition].offset for partition in partitions}


async def _once_coordinated(ask: Callable[[], Awaitable[T]]) -> T:
    until = time.monotonic() + COORDINATOR_S
    while True:
        try:
            return await ask()
        except KafkaError as error:
            if not error.retriable or time.monotonic() >= until:
                raise
        await asyncio.sleep(BETWEEN_S)
