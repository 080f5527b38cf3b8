"""`waypost export`: the events of some sessions, from the log into files."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from ulid import ULID

from waypost_common.clock import now_ms
from waypost_common.consumption import Record
from waypost_common.mongo import open_client, open_database
from waypost_common.report.partitions import open_reader, partitions_of
from waypost_common.topics import EVENTS, topic_name
from waypost_store.errors import StoreError
from waypost_store.generations import require_live_generation
from waypost_store.positions import made_again, positions_of, shortened
from waypost_store.progress import Progress
from waypost_store.scope import Scope, sessions_of
from waypost_store.settings import StoreSettings
from waypost_store.transfer.addresses import addresses_of
from waypost_store.transfer.files import ExportFolder
from waypost_store.transfer.manifest import ADDRESSES_FILE, SESSIONS_FILE, ExportedSession, Manifest, ReadPartition
from waypost_store.transfer.selection import Selection
from waypost_store.verify.log_reader import LogReader
from waypost_store.waiting import Report


async def export(settings: StoreSettings, scope: Scope, folder: Path, *, partial: bool, report: Report, warn: Report) -> Manifest:
    """Reads the log once, up to where it ends now. Everything may go on meanwhile; an interrupted export begins anew.

    `report` is told how far it is, `warn` what the operator should know. `partial`: also where the log no longer holds all.
    Raises StoreError, KafkaError, PyMongoError.
    """
    async with open_client(settings.mongo, application="waypost-export") as client, open_reader(settings.kafka) as consumer:
        database = open_database(client, settings.mongo)
        generation = await require_live_generation(database)
        sessions = await sessions_of(database, generation, scope)
        positions = await positions_of(database, generation)
        partitions = partitions_of(settings.kafka, EVENTS, len(positions))
        log = LogReader(consumer, partitions, max_records=settings.batch.max_records)
        starts = await log.start()
        ends = await log.ends()
        if other := made_again(positions, ends):
            raise StoreError(
                f"partitions {other} end before what was applied: the topic was made again, or the address is that of another "
                "cluster"
            )
        lost = shortened(positions, starts)
        if lost and not partial:
            raise StoreError(
                f"the log of partitions {lost} no longer begins where it was first recorded: what it lost is in the documents "
                "alone, and an import would give others; --partial exports what the log still holds"
            )
        for session in sessions.running:
            warn(f"session {session} is wanted to run: what comes from now on is not in the export")
        selection = Selection(sessions=sessions.there, max_event_bytes=settings.batch.max_event_bytes)
        target = ExportFolder(folder)
        await asyncio.to_thread(target.prepare)
        try:
            await _write_events(log, starts=starts, ends=ends, selection=selection, target=target, report=report)
            addresses = [line async for line in addresses_of(database, sessions.there)]
            if addresses:
                await asyncio.to_thread(target.append, ADDRESSES_FILE, addresses)
            files = await asyncio.to_thread(target.finish_files)
        finally:
            target.close()
        manifest = Manifest(
            id=f"exp_{ULID()}",
            created_at=now_ms(),
            organization=next(iter(sessions.there.values())),
            sessions=[ExportedSession(session=one, events=selection.taken[one]) for one in sessions.there],
            events=selection.taken.total(),
            complete=not lost,
            topic=topic_name(settings.kafka, EVENTS),
            read=[ReadPartition(partition=one, first=start, end=max(start, ends[one])) for one, start in sorted(starts.items())],
            left_out=selection.left_out,
            files=[file for file in files if file.name != ADDRESSES_FILE],
            addresses=next((file for file in files if file.name == ADDRESSES_FILE), None),
        )
        await asyncio.to_thread(target.finish, manifest)
        return manifest


async def _write_events(
    log: LogReader,
    *,
    starts: Mapping[int, int],
    ends: Mapping[int, int],
    selection: Selection,
    target: ExportFolder,
    report: Report,
) -> None:
    progress = Progress(report, "events read")
    progress.total = sum(max(0, ends[one] - start) for one, start in starts.items())
    async for records in log.read(ends):
        await asyncio.to_thread(_write, records, selection, target)
        progress.advance(len(records))


def _write(records: Sequence[Record], selection: Selection, target: ExportFolder) -> None:
    lines: dict[str, list[bytes]] = defaultdict(list)
    for record in records:
        taken = selection.take(record)
        if taken is not None:
            lines[SESSIONS_FILE if taken.of_session else f"events-{record.partition:05d}.ndjson.gz"].append(taken.line)
    for name, found in lines.items():
        target.append(name, found)
