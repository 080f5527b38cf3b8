"""What `GET /api/v1/pipeline` tells, read from Kafka and MongoDB at most every 2 s, however many ask."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pymongo
import structlog
from aiokafka.errors import KafkaError

from waypost_api.cached import Cached
from waypost_api.events.live_log import LiveLog
from waypost_api.views.pipeline import Pipeline, pipeline_view
from waypost_common.clock import now_ms
from waypost_common.errors import UnavailableError
from waypost_common.mongo import MongoDatabase
from waypost_common.report.dead_letters import DeadLetters, dead_letters
from waypost_common.report.partitions import open_reader, partitions_of
from waypost_common.report.pipeline import PipelineStatus, pipeline_status
from waypost_common.report.throughput import Spread, command_durations, records_a_second, spread
from waypost_common.settings import KafkaSettings
from waypost_common.topics import EVENTS, topic_name

log = structlog.stdlib.get_logger(__name__)

STATUS_S: Final = 2.0
DEAD_LETTERS_S: Final = 10.0
"""These are read, not only counted."""
TIMEOUT_S: Final = 10.0
RATES_S: Final = (10, 60)


@dataclass(frozen=True)
class _Found:
    status: PipelineStatus
    rates: dict[int, float]
    commands: dict[str, list[int]]


class PipelineReport:
    def __init__(self, settings: KafkaSettings, database: MongoDatabase, live: LiveLog) -> None:
        self._settings = settings
        self._database = database
        self._live = live
        self._found = Cached(self._look, ttl_s=STATUS_S)
        self._letters = Cached(self._look_at_letters, ttl_s=DEAD_LETTERS_S)

    async def current(self) -> Pipeline:
        """Raises UnavailableError when Kafka does not answer in time, and PyMongoError when MongoDB does not."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                with pymongo.timeout(TIMEOUT_S):
                    found, letters = await self._found.get(), await self._letters.get()
        except (KafkaError, TimeoutError) as error:
            log.warning("pipeline_unreadable", error=type(error).__name__, advice="is Kafka up and migrated?")
            raise UnavailableError("Kafka does not answer at the moment; try again") from error
        return pipeline_view(found.status, letters, found.rates, self._hops(found), at=now_ms())

    async def _look(self) -> _Found:
        async with open_reader(self._settings) as consumer:
            status = await pipeline_status(self._settings, self._database, consumer)
            if status is None:
                raise UnavailableError("the database is not set up yet: `waypost migrate` has to run first")
            topic = topic_name(self._settings, EVENTS)
            partitions = partitions_of(self._settings, EVENTS, status.partition_counts.get(topic, 0))
            rates = await records_a_second(consumer, partitions, RATES_S, now=now_ms())
        return _Found(status, rates, await command_durations(self._database))

    async def _look_at_letters(self) -> Sequence[DeadLetters]:
        counts = (await self._found.get()).status.partition_counts
        async with open_reader(self._settings) as consumer:
            return await dead_letters(self._settings, self._database, consumer, counts)

    def _hops(self, found: _Found) -> dict[str, Spread]:
        return {
            "seen_to_logged": spread(delay.seen_to_logged for delay in self._live.delays),
            "logged_to_read": spread(delay.logged_to_read for delay in self._live.delays),
            **{f"{kind}_command_to_outcome": spread(durations) for kind, durations in found.commands.items() if kind},
        }
