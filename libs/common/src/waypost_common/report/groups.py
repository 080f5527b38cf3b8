"""Who reads: the members of each consumer group."""

from collections.abc import Iterable
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient

from waypost_common.settings import KafkaSettings
from waypost_common.topics import INGEST_GROUP, STORE_GROUP, STORE_OUTCOMES_GROUP, connector_group, group_name


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
        responses: list[Any] = await admin.describe_consumer_groups([group])
        members[group] = sum(len(described[5]) for response in responses for described in response.groups)
    return members
