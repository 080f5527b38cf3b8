"""`waypost rebuild` with all that it opens."""

from collections.abc import Callable
from typing import Any

from waypost_common.documents import Collection
from waypost_common.mongo import open_client, open_database
from waypost_common.report.partitions import open_reader, partitions_of
from waypost_common.topics import EVENTS
from waypost_store.generations import require_live_generation
from waypost_store.leases import held_lease
from waypost_store.positions import positions_of
from waypost_store.rebuild.rebuilder import Log, Rebuilder, Rebuilt
from waypost_store.settings import StoreSettings
from waypost_store.waiting import Report


async def rebuild(
    settings: StoreSettings, *, carry: bool, report: Report, tell: Callable[[dict[str, Any]], None] = lambda _values: None
) -> Rebuilt:
    """Makes a generation, or goes on with the one under way, and returns once it is live. Needs ingest to run.

    Raises StoreError, KafkaError, PyMongoError.
    """
    async with open_client(settings.mongo, application="waypost-rebuild") as client, open_reader(settings.kafka) as consumer:
        database = open_database(client, settings.mongo)
        live = await require_live_generation(database)
        partitions = partitions_of(settings.kafka, EVENTS, len(await positions_of(database, live)))

        async def log() -> Log:
            starts = await consumer.beginning_offsets(partitions)
            ends = await consumer.end_offsets(partitions)
            return Log(
                starts={one.partition: offset for one, offset in starts.items()},
                ends={one.partition: offset for one, offset in ends.items()},
            )

        busy = "another `waypost rebuild` is at work: watch that one (one that was killed counts for 15 s)"
        async with held_lease(database[Collection.LEASES], "rebuild", busy=busy):
            return await Rebuilder(database, log, report, tell).run(carry=carry)
