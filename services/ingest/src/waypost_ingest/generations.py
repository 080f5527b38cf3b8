"""Folds the log into the live generation, and into each that is made beside it, in a consumer group of its own.

No deployment is needed for that: every running replica looks once a second at which generations there are.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog
from aiokafka.errors import KafkaError
from pymongo.errors import PyMongoError

from waypost_common.consumption import ConsumptionStoppedError
from waypost_common.documents import Collection
from waypost_common.generations import Generations, GenerationState, generations_of
from waypost_common.mongo import MongoDatabase
from waypost_common.subscriber import LoopSubscriber
from waypost_ingest.handler import IngestHandler
from waypost_ingest.standing import Role, Standing
from waypost_projection.storage import ProjectionStorage
from waypost_projection.writer import ProjectionWriter

log = structlog.stdlib.get_logger(__name__)

LOOK_S: Final = 1.0
FORMER_FOR_S: Final = 15.0
"""So long is the former live generation kept up: the API may read it for 10 s more (`WAYPOST_CACHE_GENERATION_MS`)."""
RETRY_S: Final = 5.0


@dataclass(kw_only=True)
class Folding:
    """One generation's consumer in this process."""

    generation: int
    subscriber: LoopSubscriber
    storage: ProjectionStorage
    writer: ProjectionWriter
    standing: Standing
    former_since: float | None = None


MakeSubscriber = Callable[[int], LoopSubscriber]
MakeHandler = Callable[[int, ProjectionWriter, Standing], IngestHandler]


class GenerationFollower:
    """`subscriber` is that of the live generation: given at the start, started and stopped with the broker."""

    def __init__(
        self,
        database: MongoDatabase,
        make_storage: Callable[[int], ProjectionStorage],
        make_writer: Callable[[ProjectionStorage, ProjectionStorage], ProjectionWriter],
        make_subscriber: MakeSubscriber,
        make_handler: MakeHandler,
    ) -> None:
        self._collection = database[Collection.GENERATIONS]
        self._make_storage = make_storage
        self._make_writer = make_writer
        self._make_subscriber = make_subscriber
        self._make_handler = make_handler
        self._foldings: dict[int, Folding] = {}
        self._not_before: dict[int, float] = {}
        self._live = 0

    async def look(self) -> Generations:
        """Raises PyMongoError."""
        return generations_of([document async for document in self._collection.find({})])

    async def begin(self, subscriber: LoopSubscriber) -> int:
        """Gives the subscriber its handler, before it is started. Returns the live generation.

        Raises ConsumptionStoppedError before the first migration.
        """
        live = (await self.look()).live
        if live is None:
            raise ConsumptionStoppedError("no generation is recorded: run `waypost migrate`, then start again")
        self._live = live
        self._add(live, subscriber, Role.LIVE)
        return live

    @property
    def ready(self) -> bool:
        folding = self._foldings.get(self._live)
        return folding is not None and folding.subscriber.loop.ready

    async def run(self) -> None:
        """Until cancelled. Raises what ended the live generation's loop."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                generations = await self.look()
            except PyMongoError as error:
                log.warning("generations_not_seen", error=type(error).__name__)
            else:
                await self._follow(generations)

    async def stop(self) -> None:
        """Lets the batches at hand finish."""
        await asyncio.gather(*(folding.subscriber.stop() for folding in self._foldings.values()))

    async def _follow(self, generations: Generations) -> None:
        if generations.live is None:
            return
        self._live = generations.live
        for generation in generations.consumed - self._foldings.keys():
            if time.monotonic() >= self._not_before.get(generation, 0.0):
                await self._join(generation, role_of(generation, generations))
        for folding in list(self._foldings.values()):
            self._place(folding, generations)
            await self._end_if_over(folding, consumed=folding.generation in generations.consumed)

    async def _join(self, generation: int, role: Role) -> None:
        folding = self._add(generation, self._make_subscriber(generation), role)
        try:
            await folding.subscriber.start()
        except KafkaError as error:
            log.warning("generation_not_joined", generation=generation, error=type(error).__name__)
            del self._foldings[generation]
            self._not_before[generation] = time.monotonic() + RETRY_S
        else:
            log.info("generation_joined", generation=generation, role=role.value)

    def _add(self, generation: int, subscriber: LoopSubscriber, role: Role) -> Folding:
        storage = self._make_storage(generation)
        owners = storage if generation == self._live else self._make_storage(self._live)
        writer, standing = self._make_writer(storage, owners), Standing(role)
        subscriber.loop.handler = self._make_handler(generation, writer, standing)
        folding = Folding(generation=generation, subscriber=subscriber, storage=storage, writer=writer, standing=standing)
        self._foldings[generation] = folding
        return folding

    def _place(self, folding: Folding, generations: Generations) -> None:
        before, role = folding.standing.role, role_of(folding.generation, generations)
        if role is Role.FORMER and before is not Role.LIVE:
            role = before  # abandoned: it ends as what it was
        folding.standing.see(role)
        if role is before:
            return
        log.info("generation_changed", generation=folding.generation, role=role.value)
        if role is Role.LIVE:
            folding.writer.owners = folding.storage
        folding.former_since = time.monotonic() if before is Role.LIVE else None

    async def _end_if_over(self, folding: Folding, *, consumed: bool) -> None:
        failure = folding.subscriber.failure
        failed = failure is not None and failure.done()
        if failed and folding.generation == self._live and failure is not None:
            failure.result()
        kept = folding.former_since is not None and time.monotonic() - folding.former_since < FORMER_FOR_S
        if failed and failure is not None:
            # One that is made beside the live one may not take that down with it: `waypost rebuild` tells that it stands still.
            log.error("generation_stands_still", generation=folding.generation, reason=str(failure.exception()))
            self._not_before[folding.generation] = time.monotonic() + RETRY_S
        elif consumed or kept:
            return
        del self._foldings[folding.generation]
        await folding.subscriber.stop()
        log.info("generation_left", generation=folding.generation)


def role_of(generation: int, generations: Generations) -> Role:
    if generation == generations.live:
        return Role.LIVE
    match generations.states.get(generation):
        case GenerationState.READY:
            return Role.READY
        case GenerationState.BUILDING:
            return Role.BUILDING
        case _:
            return Role.FORMER
