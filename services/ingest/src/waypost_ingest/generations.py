"""Folds the log into the live generation, and into each that is made beside it, in a consumer group of its own.

No deployment is needed for that: every running replica looks once a second at which generations there are.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import structlog
from aiokafka.errors import KafkaError
from pymongo.errors import PyMongoError

from waypost_common.backlog import Behind
from waypost_common.consumption import ConsumptionStoppedError
from waypost_common.documents import Collection
from waypost_common.generations import FORMER_FOR_S, Generations, GenerationState, generations_of
from waypost_common.mongo import MongoDatabase
from waypost_common.subscriber import LoopSubscriber
from waypost_ingest.handler import IngestHandler
from waypost_ingest.standing import Role, Standing
from waypost_projection.storage import ProjectionStorage
from waypost_projection.writer import ProjectionWriter

log = structlog.stdlib.get_logger(__name__)

LOOK_S: Final = 1.0
RETRY_S: Final = 5.0


@dataclass(kw_only=True)
class Folding:
    """One generation's consumer in this process."""

    generation: int
    subscriber: LoopSubscriber
    storage: ProjectionStorage
    writer: ProjectionWriter
    handler: IngestHandler
    standing: Standing
    former_since: float | None = None

    @property
    def error(self) -> BaseException | None:
        """What ended its loop."""
        failure = self.subscriber.failure
        return failure.exception() if failure is not None and failure.done() else None

    async def stop(self) -> None:
        """Lets the batch at hand finish. May be repeated."""
        await self.subscriber.stop()
        await self.handler.stop()


MakeSubscriber = Callable[[int], LoopSubscriber]
MakeHandler = Callable[[int, ProjectionWriter, Standing], IngestHandler]


class GenerationFollower:
    """The live generation's subscriber is given at the start, and started with the broker; the others are made here."""

    def __init__(
        self,
        database: MongoDatabase,
        *,
        make_storage: Callable[[int], ProjectionStorage],
        make_writer: Callable[[ProjectionStorage, ProjectionStorage], ProjectionWriter],
        make_subscriber: MakeSubscriber,
        make_handler: MakeHandler,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._collection = database[Collection.GENERATIONS]
        self._make_storage = make_storage
        self._make_writer = make_writer
        self._make_subscriber = make_subscriber
        self._make_handler = make_handler
        self._monotonic = monotonic
        self._foldings: dict[int, Folding] = {}
        self._not_before: dict[int, float] = {}
        self._live = 0
        self.failure: asyncio.Future[None] | None = None
        """What ended the loop of the generation that is live, whichever that is: the service must not go on."""

    async def look(self) -> Generations:
        """Raises PyMongoError."""
        return generations_of([document async for document in self._collection.find({})])

    async def begin(self, subscriber: LoopSubscriber) -> int:
        """Gives the subscriber its handler, before it is started. Returns the live generation.

        Raises ConsumptionStoppedError before the first migration.
        """
        at = self._monotonic()
        live = (await self.look()).live
        if live is None:
            raise ConsumptionStoppedError("no generation is recorded: run `waypost migrate`, then start again")
        self._live = live
        self.failure = asyncio.get_running_loop().create_future()
        self._add(live, subscriber, Role.LIVE, at=at)
        return live

    @property
    def ready(self) -> bool:
        folding = self._foldings.get(self._live)
        return folding is not None and folding.subscriber.loop.ready

    def behind(self) -> Iterable[Behind]:
        """Of the live generation."""
        folding = self._foldings.get(self._live)
        return () if folding is None else folding.subscriber.loop.behind()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """From when the broker has started. On the way out the batches at hand are finished. `failure` is told, not raised."""
        for folding in self._foldings.values():
            self._watch(folding)
        async with asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(self._keep_looking(), name="generations")
            try:
                yield
            finally:
                looking.cancel()
                await asyncio.wait({looking})  # it may be amid a join or a leaving, which must not go on beside what follows
                await asyncio.gather(*(folding.stop() for folding in self._foldings.values()))

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            await self._look_around()

    async def _look_around(self) -> None:
        try:
            while await self._follow():
                pass
        except PyMongoError as error:
            log.warning("generations_not_seen", error=type(error).__name__)

    async def _follow(self) -> bool:
        """Whether to look anew at once: a join may have waited for a rebalance, and what was seen before it is old."""
        at = self._monotonic()
        generations = await self.look()
        if generations.live is None:
            return False
        self._live = generations.live
        for folding in list(self._foldings.values()):
            self._place(folding, generations, at=at)
            self._check(folding)
            await self._end_if_over(folding, consumed=folding.generation in generations.consumed)
        joined = False
        for generation in generations.consumed - self._foldings.keys():
            if self._monotonic() >= self._not_before.get(generation, 0.0):
                joined |= await self._join(generation, role_of(generation, generations), at=at)
        return joined

    async def _join(self, generation: int, role: Role, *, at: float) -> bool:
        folding = self._add(generation, self._make_subscriber(generation), role, at=at)
        try:
            await folding.subscriber.start()
        except KafkaError as error:
            log.warning("generation_not_joined", generation=generation, error=type(error).__name__)
            del self._foldings[generation]
            self._not_before[generation] = self._monotonic() + RETRY_S
            return False
        self._watch(folding)
        log.info("generation_joined", generation=generation, role=role.value)
        return True

    def _watch(self, folding: Folding) -> None:
        """At once, not at the next look: MongoDB may be away, or a join take long."""
        if folding.subscriber.failure is not None:
            folding.subscriber.failure.add_done_callback(lambda _: self._check(folding))

    def _check(self, folding: Folding) -> None:
        error, failure = folding.error, self.failure
        if error is not None and folding.generation == self._live and failure is not None and not failure.done():
            failure.set_exception(error)

    def _add(self, generation: int, subscriber: LoopSubscriber, role: Role, *, at: float) -> Folding:
        storage = self._make_storage(generation)
        owners = storage if generation == self._live else self._make_storage(self._live)
        writer, standing = self._make_writer(storage, owners), Standing(role, at=at, monotonic=self._monotonic)
        subscriber.loop.handler = handler = self._make_handler(generation, writer, standing)
        folding = Folding(
            generation=generation, subscriber=subscriber, storage=storage, writer=writer, handler=handler, standing=standing
        )
        self._foldings[generation] = folding
        return folding

    def _place(self, folding: Folding, generations: Generations, *, at: float) -> None:
        before, role = folding.standing.role, role_of(folding.generation, generations)
        if role is Role.FORMER and before is not Role.LIVE:
            role = before  # abandoned: it ends as what it was
        folding.standing.see(role, at=at)
        if role is before:
            return
        log.info("generation_changed", generation=folding.generation, role=role.value)
        if role is Role.LIVE:
            folding.writer.owners = folding.storage
        folding.former_since = self._monotonic() if before is Role.LIVE else None

    async def _end_if_over(self, folding: Folding, *, consumed: bool) -> None:
        if folding.error is not None:
            if folding.generation == self._live:
                return  # the service ends
            # One beside the live one may not take that down with it: `waypost rebuild` tells that it stands still.
            log.error("generation_stands_still", generation=folding.generation, reason=str(folding.error))
            self._not_before[folding.generation] = self._monotonic() + RETRY_S
        elif consumed or (folding.former_since is not None and self._monotonic() - folding.former_since < FORMER_FOR_S):
            return
        await folding.stop()
        del self._foldings[folding.generation]
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
