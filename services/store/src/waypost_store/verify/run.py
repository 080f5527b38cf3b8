"""`waypost verify` with all that it opens."""

from collections.abc import Callable

from waypost_common.documents import Collection
from waypost_common.identifiers import SessionId
from waypost_common.mongo import open_client, open_database
from waypost_common.report.partitions import open_reader, partitions_of
from waypost_common.topics import EVENTS
from waypost_store.errors import StoreError
from waypost_store.generations import require_live_generation
from waypost_store.leases import held_lease
from waypost_store.positions import made_again, positions_of, shortened
from waypost_store.settings import StoreSettings
from waypost_store.verify.differences import Difference
from waypost_store.verify.log_reader import LogReader
from waypost_store.verify.scratch import Scratch
from waypost_store.verify.verifier import Verified, Verifier
from waypost_store.waiting import Report


async def verify(
    settings: StoreSettings, *, session: SessionId | None, report: Report, found: Callable[[Difference], None]
) -> Verified:
    """Folds the log into collections of its own, which are removed in the end, and calls `found` for each difference.

    Needs about as much space as the live documents take. Raises StoreError, KafkaError, PyMongoError.
    """
    async with open_client(settings.mongo, application="waypost-verify") as client, open_reader(settings.kafka) as consumer:
        database = open_database(client, settings.mongo)
        generation = await require_live_generation(database)
        busy = "another `waypost verify` is at work: wait for it, then run this again (one that was killed counts for 15 s)"
        async with held_lease(database[Collection.LEASES], "verify", busy=busy) as lease:
            positions = await positions_of(database, generation)
            partitions = partitions_of(settings.kafka, EVENTS, len(positions))
            log = LogReader(consumer, partitions, max_records=settings.batch.max_records)
            scratch = Scratch(database, generation, log, lease, session=session, max_event_bytes=settings.batch.max_event_bytes)
            await scratch.start()
            if lost := shortened(positions, scratch.reached):
                raise StoreError(
                    f"the log of partitions {lost} no longer begins where it was first recorded: what it lost is in the "
                    "documents alone, so there is nothing to compare them with"
                )
            if other := made_again(positions, await log.ends()):
                raise StoreError(
                    f"partitions {other} end before what was applied: the topic was made again, or the address is that of "
                    "another cluster"
                )
            async with scratch.documents():
                return await Verifier(database, generation, log, scratch, report, found, session).run()
