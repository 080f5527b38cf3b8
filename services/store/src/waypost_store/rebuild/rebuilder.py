"""`waypost rebuild`: makes the next generation, waits until ingest has folded the log into it, and switches reads to it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from waypost_common.documents import Collection
from waypost_common.generations import NOTICE_S, GenerationState
from waypost_common.mongo import MongoDatabase
from waypost_store.errors import StoreError
from waypost_store.positions import made_again, next_offsets, positions_of
from waypost_store.progress import Progress
from waypost_store.rebuild.drop import stored_generations
from waypost_store.rebuild.prepare import partitions_to_carry, prepare
from waypost_store.rebuild.records import GenerationRecords
from waypost_store.waiting import Report

LOOK_S: Final = 0.5
CLOSE_LOOK_S: Final = 0.02
STILL_S: Final = 30.0


@dataclass(frozen=True, kw_only=True)
class Log:
    """Where the partitions of the events topic begin and end now."""

    starts: dict[int, int]
    ends: dict[int, int]


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    generation: int
    replaced: int
    carried: list[int]
    seconds: float

    def to_json(self) -> dict[str, Any]:
        return {
            "state": "live",
            "generation": self.generation,
            "replaced": self.replaced,
            "carriedPartitions": self.carried,
            "seconds": round(self.seconds, 1),
        }


class Rebuilder:
    """One run at a time (a lease). It may be killed at any point: the next run goes on from what is recorded.

    One that was stopped, lost the lease and goes on does no harm to the next: what it makes has a number of its own, and only the
    newest one can become live, unless it was abandoned.
    """

    def __init__(
        self, database: MongoDatabase, log: Callable[[], Awaitable[Log]], report: Report, tell: Callable[[dict[str, Any]], None]
    ) -> None:
        """`log` looks at the topic; `tell` takes the progress as values."""
        self._database = database
        self._records = GenerationRecords(database)
        self._log = log
        self._report = report
        self._tell = tell

    async def run(self, *, carry: bool) -> Rebuilt:
        """Raises StoreError, KafkaError, PyMongoError."""
        began = time.monotonic()
        generations = await self._records.all()
        live = generations.live
        if live is None:
            raise StoreError("the database is not set up yet: run `waypost migrate` first")
        under_way = {one: state for one, state in generations.states.items() if state is not GenerationState.ABANDONED}
        generation = max(under_way, default=None)
        if generation is None or under_way[generation] is GenerationState.PREPARING:
            generation = await self._prepare(live, instead_of=generation, carry=carry)
        else:
            self._report(f"going on with generation {generation}")
        await self._until_caught_up(live, generation)
        await self._switch(live, generation)
        return Rebuilt(
            generation=generation, replaced=live, carried=await self._carried(generation), seconds=time.monotonic() - began
        )

    async def _prepare(self, live: int, *, instead_of: int | None, carry: bool) -> int:
        """Returns its number. `instead_of`: one that a run which was killed, or still stands still, has begun."""
        positions = await positions_of(self._database, live)
        log = await self._log()
        if other := made_again(positions, log.ends):
            raise StoreError(
                f"partitions {other} end before what was applied: the topic was made again, or the address is that of another "
                "cluster; a rebuild from it would lose what the documents hold"
            )
        carried = partitions_to_carry(positions, log.starts, carry=carry)
        if instead_of is not None:
            await self._records.abandon(instead_of)
            self._report(f"generation {instead_of} was left unfinished: `waypost generations drop` removes it")
        stored = stored_generations(await self._database.list_collection_names())
        generation = await self._records.take_number(stored | set((await self._records.all()).states))
        self._report(f"making generation {generation}")
        await self._records.begin(generation, carried=carried)
        await prepare(self._database, live=live, generation=generation, carried=carried, positions=positions, report=self._report)
        await self._records.move(generation, GenerationState.BUILDING, out_of={GenerationState.PREPARING})
        return generation

    async def _until_caught_up(self, live: int, generation: int) -> None:
        """Until it is as far as the log was at the look before: under load it is never at the very end."""
        first = await positions_of(self._database, generation)
        log = await self._log()
        offset = sum(next_offsets(first, log.starts).values())
        progress = Progress(lambda line: self._progressed(generation, progress, line), "events")
        moved, told = time.monotonic(), False
        while True:
            await self._require(live, generation)
            reached = next_offsets(await positions_of(self._database, generation), log.starts)
            if all(reached[one] >= end for one, end in log.ends.items()):
                self._report(f"generation {generation} has caught up")
                return
            done = sum(reached.values()) - offset
            if done > progress.done:
                moved, told = time.monotonic(), False
            elif not told and time.monotonic() - moved > STILL_S:
                told = True
                self._report(f"nothing was folded for {STILL_S:.0f} s: is waypost-ingest running, and what does its log say?")
            progress.total = sum(log.ends.values()) - offset
            progress.reach(done)
            await asyncio.sleep(LOOK_S)
            log = await self._log()
            if cut := [one for one, start in log.starts.items() if start > reached[one]]:
                raise StoreError(
                    f"the log of partitions {cut} was shortened before generation {generation} had read it: "
                    "run `waypost generations abandon`, then rebuild with --carry"
                )

    def _progressed(self, generation: int, progress: Progress, line: str) -> None:
        self._report(f"generation {generation}: {line}")
        rate = progress.rate()
        left = max(0, progress.total - progress.done)
        self._tell(
            {
                "state": "building",
                "generation": generation,
                "done": progress.done,
                "total": progress.total,
                "rate": round(rate),
                "secondsLeft": round(left / rate) if rate > 0 else None,
            }
        )

    async def _switch(self, live: int, generation: int) -> None:
        """Outcomes of both are published around the switch, so that no caller misses one whichever it reads."""
        await self._records.move(generation, GenerationState.READY, out_of={GenerationState.BUILDING, GenerationState.READY})
        await asyncio.sleep(NOTICE_S)
        told_from, _ = await self._reached(generation, live)
        while True:
            await self._require(live, generation)
            after, before = await self._reached(generation, live)
            # What lies before `told_from` the new one may have passed in silence: the live one must have told the outcomes of it.
            if all(after[one] >= offset >= told_from[one] for one, offset in before.items()):
                break
            await asyncio.sleep(CLOSE_LOOK_S)
        await self._records.make_live(generation, instead_of=live)

    async def _reached(self, *generations: int) -> list[dict[int, int]]:
        """The next offset of each partition, for each of these."""
        log = await self._log()
        return [next_offsets(await positions_of(self._database, generation), log.starts) for generation in generations]

    async def _require(self, live: int, generation: int) -> None:
        generations = await self._records.all()
        if generations.live != live or generation not in generations.consumed:
            raise StoreError(f"generation {generation} was abandoned meanwhile, or another became live: run this again")

    async def _carried(self, generation: int) -> list[int]:
        record = await self._database[Collection.GENERATIONS].find_one({"_id": f"g{generation}"})
        return [] if record is None else [int(one) for one in record.get("carried", [])]
