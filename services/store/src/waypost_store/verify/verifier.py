"""Folds the log beside the live documents and compares, while they move on."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from collections.abc import Collection as Some
from dataclasses import dataclass, field
from typing import Any, Final

from waypost_common.documents import PROJECTIONS, Collection
from waypost_common.identifiers import SessionId
from waypost_common.mongo import Document, MongoDatabase
from waypost_store.errors import StoreError
from waypost_store.generations import live_generation
from waypost_store.positions import next_offsets, positions_of
from waypost_store.progress import Progress
from waypost_store.verify.differences import Difference, Key, Kind, chat_of, compare, is_ahead, is_older_epoch, session_of
from waypost_store.verify.documents import Documents, pages
from waypost_store.verify.log_reader import LogReader
from waypost_store.verify.scratch import Scratch
from waypost_store.waiting import Report

CLOSE: Final = 1_000
"""Events that the live documents may be ahead when the comparison begins."""
SUSPECTS_AT_ONCE: Final = 5_000
ROUNDS: Final = 30
STILL_S: Final = 5.0
"""Ingest that has not moved for so long does not run, or waits for a server."""
LOOK_S: Final = 0.05
LONGEST_PAUSE_S: Final = 1.0


@dataclass(kw_only=True)
class Verified:
    generation: int
    events: int = 0
    documents: int = 0
    counts: Counter[Kind] = field(default_factory=Counter)
    undecided: list[Key] = field(default_factory=list)
    """Changed at every look: whether they differ is not known."""

    @property
    def is_equal(self) -> bool:
        return not self.counts and not self.undecided

    def to_json(self) -> dict[str, Any]:
        return {
            "generation": self.generation,
            "events": self.events,
            "documents": self.documents,
            **{kind.value: self.counts[kind] for kind in Kind},
            "undecided": [{"collection": key.collection, "id": key.id} for key in self.undecided],
            "equal": self.is_equal,
        }


class Verifier:
    """One run. What differs at the first look is only suspected: it may have moved since the log was folded.

    A suspect is decided once it was the same before and after the folded copy was brought to the log's end of between: documents
    never come back to an earlier state, since their positions and, in contacts, their marks of time only rise.
    """

    def __init__(  # noqa: PLR0917  (its parts)
        self,
        database: MongoDatabase,
        generation: int,
        log: LogReader,
        scratch: Scratch,
        report: Report,
        found: Callable[[Difference], None],
        session: SessionId | None = None,
    ) -> None:
        self._database = database
        self._log = log
        self._scratch = scratch
        self._report = report
        self._found = found
        self._session = session
        self._stored = Documents(database, generation)
        self._folded = Documents(database, scratch.generation)
        self._folding = Progress(report, "events folded")
        self._still: dict[int, int] | None = None
        self.result = Verified(generation=generation)

    async def run(self) -> Verified:
        """Raises StoreError, KafkaError, PyMongoError."""
        while True:
            target = await self._applied()
            await self._fold(target)
            if sum((await self._applied()).values()) - sum(target.values()) <= CLOSE:
                break
        await self._compare()
        self.result.events = self._scratch.taken
        if await live_generation(self._database) != self.result.generation:
            raise StoreError("another generation became live meanwhile: run this again")
        if self._session is not None and not self.result.documents and not self.result.events:
            raise StoreError(
                f"session {self._session} has no documents, and ingest has applied no event of it: look at its spelling; "
                "`waypost devices list` names the sessions that connectors have had"
            )
        return self.result

    async def _applied(self) -> dict[int, int]:
        positions = await positions_of(self._database, self.result.generation)
        return next_offsets(positions, self._scratch.reached)

    async def _fold(self, target: dict[int, int]) -> None:
        reached = self._scratch.reached
        self._folding.total = self._folding.done + sum(max(0, target[one] - offset) for one, offset in reached.items())
        await self._scratch.fold(target, self._folding)

    async def _compare(self) -> None:
        comparing = Progress(self._report, "documents compared")
        if self._session is None:
            comparing.total = sum([await self._stored.estimated(one) for one in PROJECTIONS])
        suspects: set[Key] = set()
        for collection in PROJECTIONS:
            async for stored, folded in pages(self._stored, self._folded, collection, self._session):
                ids = stored.keys() | folded.keys()
                self.result.documents += len(ids)
                comparing.total = max(comparing.total, self.result.documents)
                comparing.reach(self.result.documents)
                suspects |= {Key(collection, one) for one in ids if stored.get(one) != folded.get(one)}
                if len(suspects) >= SUSPECTS_AT_ONCE:
                    await self._settle(suspects)
                    suspects = set()
        await self._settle(suspects)

    async def _settle(self, suspects: set[Key]) -> None:
        pause = LOOK_S
        for _ in range(ROUNDS):
            if not suspects:
                return
            before = await self._stored.of(suspects)
            await self._catch_up()
            after, folded = await self._stored.of(suspects), await self._folded.of(suspects)
            decided = {
                key
                for key in suspects
                if before.get(key) == after.get(key) and not is_ahead(key, after.get(key), self._scratch.reached)
            }
            await self._tell(decided, after, folded)
            # One that changes all the time never stands still; it is equal when both copies happen to be at the same event.
            suspects -= decided | {key for key in suspects if after.get(key) == folded.get(key)}
            if suspects:
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
        self.result.undecided += sorted(suspects)

    async def _catch_up(self) -> None:
        """Folds up to the log's end of now, once the live documents are there; or as far as they are, when they stand still."""
        ends = await self._log.ends()
        applied = await self._applied()
        moved = time.monotonic()
        while any(applied[one] < end for one, end in ends.items()) and applied != self._still:
            if time.monotonic() - moved > STILL_S:
                self._still = applied
                break
            await asyncio.sleep(LOOK_S)
            latest = await self._applied()
            if latest != applied:
                applied, moved = latest, time.monotonic()
                behind = sum(max(0, end - applied[one]) for one, end in ends.items())
                if behind > CLOSE:
                    self._report(f"waiting for ingest, {behind:,} events behind")
        await self._fold({one: min(end, applied[one]) for one, end in ends.items()})

    async def _tell(self, decided: Some[Key], stored: dict[Key, Document], folded: dict[Key, Document]) -> None:
        differing = [found for key in sorted(decided) if (found := compare(key, stored.get(key), folded.get(key)))]
        if not differing:
            return
        invisible = await self._invisible([difference.key for difference in differing], stored, folded)
        await self._scratch.require()  # after all that was read
        for difference in differing:
            if difference.key not in invisible:
                self.result.counts[difference.kind] += 1
                self._found(difference)

    async def _invisible(self, keys: list[Key], stored: dict[Key, Document], folded: dict[Key, Document]) -> set[Key]:
        """What the purge removes, and may have removed: of removed sessions all, of deleted chats older messages."""
        of_sessions = {Key(Collection.SESSIONS, session_of(key)) for key in keys}
        of_chats = {Key(Collection.CHATS, chat_of(key)) for key in keys if key.collection is Collection.MESSAGES}
        parents = [await side.of(of_sessions | of_chats) for side in (self._stored, self._folded)]
        removed = {key.id for side in parents for key, one in side.items() if one.get("removed")}
        return {
            key
            for key in keys
            if (key.collection is not Collection.SESSIONS and session_of(key) in removed)
            or (
                key.collection is Collection.MESSAGES
                and is_older_epoch(
                    stored.get(key),
                    folded.get(key),
                    [side[chat] for side in parents if (chat := Key(Collection.CHATS, chat_of(key))) in side],
                )
            )
        }
