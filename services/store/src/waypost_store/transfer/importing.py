"""`waypost import`: publishes the events of an export, each once however often it is run."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from waypost_common.clock import now_ms
from waypost_common.documents import Collection
from waypost_common.kafka import create_admin, create_producer, started
from waypost_common.mongo import MongoDatabase, open_client, open_database
from waypost_common.publishing import Message
from waypost_common.report.partitions import open_reader, partitions_of
from waypost_common.topics import EVENTS, topic_name
from waypost_store.errors import StoreError
from waypost_store.generations import require_live_generation
from waypost_store.leases import Lease, held_lease
from waypost_store.positions import positions_of
from waypost_store.progress import Progress
from waypost_store.publishing import publish_or_end
from waypost_store.settings import StoreSettings
from waypost_store.transfer.addresses import keep_addresses
from waypost_store.transfer.comparison import Begun, Chains, Comparison, Remaining
from waypost_store.transfer.content import ExportContent, Exported
from waypost_store.transfer.files import read_manifest
from waypost_store.transfer.manifest import Manifest
from waypost_store.transfer.selection import Selection
from waypost_store.transfer.state import ImportState, read_state, state_file, write_state
from waypost_store.transfer.target import compare_log, stored_sessions, unread_from
from waypost_store.verify.log_reader import LogReader
from waypost_store.waiting import Report

IMPORT_OF: Final = "import-of"
"""The header that tells an imported event from one of now: the export's id."""
OTHER_EVENTS: Final = (
    "the log here has other events of these sessions than the export: an export is imported into a system that has not got the "
    "sessions, and nothing may write there for them before all of it is imported"
)


@dataclass(frozen=True, kw_only=True)
class Imported:
    manifest: Manifest
    there: int
    """Events that were on the log already."""
    published: int
    """With `dry_run`: that would have been."""

    def to_json(self) -> dict[str, Any]:
        return {
            "export": self.manifest.id,
            "organization": self.manifest.organization,
            "sessions": [one.session for one in self.manifest.sessions],
            "complete": self.manifest.complete,
            "events": self.manifest.events,
            "alreadyThere": self.there,
            "published": self.published,
        }


async def import_export(settings: StoreSettings, folder: Path, *, dry_run: bool, report: Report) -> Imported:
    """Checks all of it before the first event is published. May be interrupted at any point and run again: it goes on.

    Raises StoreError, KafkaError, PyMongoError.
    """
    manifest = await asyncio.to_thread(read_manifest, folder)
    content = ExportContent(folder, manifest, longest=settings.batch.max_event_bytes)
    checking = Progress(report, "events checked")
    checking.total = manifest.events
    exported = await content.check(checking.advance)
    async with open_client(settings.mongo, application="waypost-import") as client, open_reader(settings.kafka) as consumer:
        database = open_database(client, settings.mongo)
        generation = await require_live_generation(database)
        partitions = partitions_of(settings.kafka, EVENTS, len(await positions_of(database, generation)))
        log = LogReader(consumer, partitions, max_records=settings.batch.max_records)
        busy = "another `waypost import` is at work: wait for it, then run this again (one that was killed counts for 15 s)"
        async with held_lease(database[Collection.LEASES], "import", busy=busy) as lease:
            work = _Import(
                settings=settings,
                database=database,
                generation=generation,
                folder=folder,
                manifest=manifest,
                content=content,
                report=report,
            )
            there = await work.look(log, exported)
            missing = manifest.events - sum(chain.length for chain in there.values())
            if not dry_run:
                async for addresses in content.addresses():
                    await keep_addresses(database, addresses, manifest.organization)
                if missing:
                    await work.publish(there, missing, lease)
                await work.note_finished()
            return Imported(manifest=manifest, there=manifest.events - missing, published=missing)


class _Import:
    def __init__(
        self,
        *,
        settings: StoreSettings,
        database: MongoDatabase,
        generation: int,
        folder: Path,
        manifest: Manifest,
        content: ExportContent,
        report: Report,
    ) -> None:
        self._settings = settings
        self._database = database
        self._generation = generation
        self._folder = folder
        self._manifest = manifest
        self._content = content
        self._report = report
        self._topic = topic_name(settings.kafka, EVENTS)
        self._state: ImportState | None = None
        self._target = ""

    async def look(self, log: LogReader, exported: Chains) -> Chains:
        """What of each key is on the log already. Raises StoreError where anything else is, unless all of the export is."""
        sessions, organization = [one.session for one in self._manifest.sessions], self._manifest.organization
        stored = await stored_sessions(self._database, self._generation, sessions, organization)
        starts, ends = await log.start(), await log.ends()
        self._target = f"{await _cluster(self._settings)} {self._topic}"
        since = await self._recorded(starts, ends) or await unread_from(self._database, self._generation, sessions, starts)
        await log.start(since)
        looking = Progress(self._report, "events of the log looked at")
        looking.total = sum(max(0, end - since[one]) for one, end in ends.items())
        comparison = Comparison(exported=exported)
        await compare_log(
            log,
            ends,
            comparison,
            looking,
            selection=Selection(
                sessions=dict.fromkeys(sessions, organization), max_event_bytes=self._settings.batch.max_event_bytes
            ),
            stored=stored,
        )
        await self._require_same(comparison)
        if self._state is None:
            self._state = ImportState(
                export=self._manifest.id,
                target=self._target,
                since=dict(since if comparison.there else ends),
                started_at=now_ms(),
            )
        return comparison.there

    async def _recorded(self, starts: Mapping[int, int], ends: Mapping[int, int]) -> Mapping[int, int] | None:
        """Since when the log may hold the sessions' events, where a run before has recorded it, and the log is still that one."""
        path = state_file(self._folder, self._target)
        state = await asyncio.to_thread(read_state, path, export=self._manifest.id, target=self._target)
        if state is None or not all(starts[one] <= state.since.get(one, -1) <= end for one, end in ends.items()):
            return None
        self._report("going on with an import that was begun")
        self._state = state
        return state.since

    async def _require_same(self, comparison: Comparison) -> None:
        if begun := comparison.begun():
            looked = Begun(begun)
            async for events in self._content.events():
                for event in events:
                    looked.found(event.key, event.id)
            comparison.differs |= looked.differs
        if comparison.differs or (comparison.others and not comparison.is_whole):
            raise StoreError(OTHER_EVENTS)

    async def publish(self, there: Chains, missing: int, lease: Lease) -> None:
        await self._note()
        remaining = Remaining(there)
        publishing = Progress(self._report, "events published")
        publishing.total = missing
        producer = create_producer(self._settings.kafka, client_id="waypost-import")
        async with started(producer):
            async for events in self._content.events():
                wanted = [event for event in events if remaining.is_missing(event.key)]
                if wanted:
                    await lease.require()  # a process that stood still must not publish what its successor has published
                    await publish_or_end(producer, [self._message(event) for event in wanted])
                    publishing.advance(len(wanted))

    async def note_finished(self) -> None:
        if self._state is not None:
            self._state = self._state.model_copy(update={"finished_at": now_ms()})
            await self._note()

    async def _note(self) -> None:
        if self._state is None:
            return
        try:
            await asyncio.to_thread(write_state, state_file(self._folder, self._target), self._state)
        except StoreError as error:
            self._report(f"no state is kept ({error}): should this be interrupted, the next run looks at the whole log")

    def _message(self, event: Exported) -> Message:
        headers: list[tuple[str, bytes | None]] = [
            ("event", event.type.encode()),
            ("schema", b"v1"),
            (IMPORT_OF, self._manifest.id.encode()),
        ]
        return Message(topic=self._topic, key=event.key.encode(), value=event.line, headers=headers)


async def _cluster(settings: StoreSettings) -> str:
    admin = create_admin(settings.kafka, client_id="waypost-import")
    try:
        await admin.start()
        return str((await admin.describe_cluster()).get("cluster_id") or settings.kafka.bootstrap_servers)
    finally:
        await admin.close()
