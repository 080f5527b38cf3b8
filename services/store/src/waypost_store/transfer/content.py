"""What an export's files hold: checked whole before anything of it is used, then read as often as needed."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import ValidationError

from waypost_common.events import EVENT_ADAPTER, Event, key_of
from waypost_common.identifiers import SessionId
from waypost_store.errors import StoreError
from waypost_store.transfer.addresses import Address, parse_address
from waypost_store.transfer.comparison import Chains, extend
from waypost_store.transfer.files import COPY_AGAIN, check_file, chunks_of
from waypost_store.transfer.manifest import SESSIONS_FILE, ExportedFile, Manifest

AT_ONCE: Final = 2_000


class Exported(NamedTuple):
    key: str
    id: str
    type: str
    line: bytes


class ExportContent:
    """`longest`: bytes that an event may have, as ingest takes them."""

    def __init__(self, folder: Path, manifest: Manifest, *, longest: int) -> None:
        self._folder = folder
        self._manifest = manifest
        self._longest = longest
        self._sessions = {one.session for one in manifest.sessions}

    async def check(self, advance: Callable[[int], None]) -> Chains:
        """The ids of each key's events. Raises StoreError unless every file and every event is what the manifest says.

        Calls `advance` with how many events more were looked at.
        """
        for file in (*self._manifest.files, *filter(None, [self._manifest.addresses])):
            await asyncio.to_thread(check_file, self._folder, file)
        async for _ in self.addresses():
            pass
        chains: Chains = {}
        counts: Counter[SessionId] = Counter()
        async for file, events in self._chunks():
            for event in events:
                extend(chains, event.key, event.id)
                session, separator, _ = event.key.partition("|")
                if (file.name == SESSIONS_FILE) is bool(separator):
                    raise StoreError(f"{file.name} holds an event that belongs elsewhere: {COPY_AGAIN}")
                counts[SessionId(session)] += 1
            advance(len(events))
        if counts != Counter({one.session: one.events for one in self._manifest.sessions if one.events}):
            raise StoreError(f"the files do not hold as many events as the manifest says: {COPY_AGAIN}")
        return chains

    async def events(self) -> AsyncIterator[list[Exported]]:
        """A few at a time, in the order in which they are to be published."""
        async for _, events in self._chunks():
            yield events

    async def addresses(self) -> AsyncIterator[list[Address]]:
        """A few at a time. Raises StoreError."""
        if self._manifest.addresses is None:
            return
        chunks = chunks_of(self._folder, self._manifest.addresses, lines=AT_ONCE, longest=self._longest)
        while (lines := await asyncio.to_thread(next, chunks, None)) is not None:
            yield [parse_address(line, self._sessions) for line in lines]

    async def _chunks(self) -> AsyncIterator[tuple[ExportedFile, list[Exported]]]:
        for file in self._manifest.files:
            parsed = self._parsed(file)
            while (events := await asyncio.to_thread(next, parsed, None)) is not None:
                yield file, events

    def _parsed(self, file: ExportedFile) -> Iterator[list[Exported]]:
        number = 0
        for lines in chunks_of(self._folder, file, lines=AT_ONCE, longest=self._longest):
            events = []
            for line in lines:
                number += 1
                event = self._event(line, f"{file.name}, line {number}")
                events.append(Exported(key_of(event), event.id, event.event, line))
            yield events

    def _event(self, line: bytes, place: str) -> Event:
        try:
            event = EVENT_ADAPTER.validate_json(line)
        except ValidationError as error:
            # Only where: what is wrong with it may hold message text.
            raise StoreError(
                f"{place} is no event that this waypost knows: use the version that made it, or a newer one"
            ) from error
        if event.session not in self._sessions or event.organization != self._manifest.organization:
            raise StoreError(f"{place} is of another session or organization than the manifest says: {COPY_AGAIN}")
        return event
