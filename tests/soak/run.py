"""Runs the schedule minute by minute: load and faults, looked at all the while; then everything is compared."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Final, Self

import httpx
from aiokafka.errors import KafkaError
from pymongo.errors import PyMongoError
from tests.faults.connectors_log import EventLog
from tests.faults.history import make_history
from tests.faults.mixed_load import Caller, Told
from tests.faults.servers import OwnKafka, OwnMongod
from tests.faults.whole_system import System
from tests.pacing import moment, pause
from tests.soak.comparison import Comparison
from tests.soak.faults import Faults
from tests.soak.invariants import Invariant, Log, Network, Outcomes, Positions, Topic
from tests.soak.journal import Journal
from tests.soak.load import ARRIVALS_A_SECOND, Arrivals, make_callers
from tests.soak.schedule import MINUTE_S, Fault, Target, schedule
from tests.soak.services import TRACEBACK, Outages, Service, Watch

from waypost_common.events import key_of
from waypost_common.topics import COMMANDS_DLQ, COMMANDS_STORE, EVENTS_DLQ, OUTCOMES, live_commands

LOOK_EVERY_S: Final = 1.0
PROGRESS_EVERY_S: Final = 10.0
POISONED: Final = 10


class Soak:
    def __init__(
        self,
        system: System,
        kafka: OwnKafka,
        mongod: OwnMongod,
        journal: Journal,
        folder: Path,
        replicas: Sequence[httpx.AsyncClient],
        log: EventLog,
        topics: dict[str, Topic],
    ) -> None:
        self._system = system
        self._journal = journal
        self._folder = folder
        self._replicas = replicas
        pipeline = system.pipeline
        self._services = {
            (Target(name), number): Service(f"{name} {number + 1}", process)
            for name, pair in system.pairs.items()
            for number, process in enumerate(pair)
        }
        outages = Outages()
        self._watch = Watch(list(self._services.values()), outages, journal)
        history = make_history(journal.minutes * 60 * ARRIVALS_A_SECOND * 3, seed=journal.seed + 1_000)
        self._arrivals = Arrivals(pipeline, history)
        poisoned = sorted({key_of(one) for one in history.events[: POISONED * 10]})[:POISONED]
        self._faults = Faults(pipeline, self._services, kafka, mongod, outages, journal, poisoned)
        self._told = Told()
        self._log, self._outcomes = Log(log), Outcomes(topics[OUTCOMES])
        self._positions, self._network = Positions(pipeline.database), Network(system.folder)
        self._invariants: list[Invariant] = [self._log, self._outcomes, self._positions, self._network]
        commands = [topics[COMMANDS_STORE], topics[live_commands("simulated")]]
        dead = [topics[EVENTS_DLQ], topics[COMMANDS_DLQ]]
        self._comparison = Comparison(pipeline, self._log, self._outcomes, self._network, self._told, commands, dead)
        self._memory: list[dict[str, int]] = []
        self._longest_lag = 0

    @classmethod
    async def prepared(
        cls, system: System, kafka: OwnKafka, mongod: OwnMongod, journal: Journal, folder: Path, stack: AsyncExitStack
    ) -> Self:
        """`stack` closes what it opens."""
        replicas = await stack.enter_async_context(system.replicas())
        settings = system.pipeline.settings.kafka
        log = await stack.enter_async_context(EventLog(settings))
        names = (OUTCOMES, COMMANDS_STORE, live_commands("simulated"), EVENTS_DLQ, COMMANDS_DLQ)
        topics = {name: Topic(settings, name) for name in names}
        for topic in topics.values():
            await stack.enter_async_context(topic.consumer)
            await topic.begin()
        return cls(system, kafka, mongod, journal, folder, replicas, log, topics)

    async def run(self) -> None:
        """Fails at the first thing that does not hold."""
        over = asyncio.Event()
        faults, chats = schedule(self._journal.seed, self._journal.minutes), await self._system.chats()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch.run(over), name="watch the services")
            tasks.create_task(self._report(over), name="report")
            for invariant in self._invariants:
                tasks.create_task(_look_on(invariant, over), name=f"look at {type(invariant).__name__}")
            for minute in range(self._journal.minutes):
                of_minute = [fault for fault in faults if minute == int(fault.at_s // MINUTE_S)]
                callers = make_callers(self._replicas, chats, self._told, self._journal.seed + minute)
                await self._load(minute, of_minute, callers)
                await self._compare(minute, callers)
            over.set()
        self._conclude()

    async def _load(self, minute: int, faults: list[Fault], callers: list[Caller]) -> None:
        """For a minute, or longer where the last fault is not over then."""
        over, began = asyncio.Event(), time.monotonic() - minute * MINUTE_S
        async with asyncio.TaskGroup() as load:
            load.create_task(self._arrivals.publish(over), name="arrivals")
            for number, caller in enumerate(callers):
                load.create_task(caller.run(over), name=f"caller {number}")
            async with asyncio.TaskGroup() as under_way:
                for fault in faults:
                    await moment(began + fault.at_s)
                    under_way.create_task(self._faults.bring_about(fault), name=str(fault))
                await moment(began + (minute + 1) * MINUTE_S)
            over.set()

    async def _compare(self, minute: int, callers: list[Caller]) -> None:
        began = time.monotonic()
        await asyncio.gather(*(service.until_ready() for service in self._services.values()))
        failures = len(self._told.failures)
        for caller in callers:
            await caller.check()
        assert self._told.failures[failures:] == [], "reads that failed with everything well"
        await self._comparison.make(self._folder)
        bugs = [service.name for service in self._services.values() if TRACEBACK in service.process.log]
        assert bugs == [], "a traceback in the log"
        self._memory.append({service.name: service.resident_mebibytes for service in self._services.values()})
        seconds = time.monotonic() - began
        self._journal.say(
            f"minute {minute + 1}: all applied, documents and outcomes are the model's ({seconds:.1f} s to see that)"
        )

    async def _report(self, over: asyncio.Event) -> None:
        said = time.monotonic()
        while not over.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), LOOK_EVERY_S)
            self._longest_lag = max(self._longest_lag, self._lag)
            if time.monotonic() >= said + PROGRESS_EVERY_S:
                said = time.monotonic()
                self._journal.say(self._figures())

    @property
    def _lag(self) -> int:
        return max(0, self._log.count - self._positions.applied)

    def _figures(self) -> str:
        return (
            f"{self._positions.applied} events applied (lag {self._lag}), {len(self._outcomes.told)} commands ended, "
            f"{self._told.answers.total()} answers, {len(self._told.failures)} refusals and broken connections; "
            f"{self._journal.faults.total()} faults"
        )

    def _conclude(self) -> None:
        say = self._journal.say
        say(f"all held. {self._figures()}; longest lag {self._longest_lag}")
        say(f"faults: {dict(sorted(self._journal.faults.items()))}")
        say(f"services that gave up by themselves, their servers being away: {self._watch.ended_by_themselves}")
        say(f"answers: {dict(sorted((' '.join(map(str, one)), count) for one, count in self._told.answers.items()))}")
        for service in self._services.values():
            first, last = self._memory[0][service.name], self._memory[-1][service.name]
            age = time.monotonic() - service.started
            say(
                f"{service.name}: {first} MiB resident after the first minute, {last} MiB now, {age:.0f} s after its newest start"
            )


async def _look_on(invariant: Invariant, over: asyncio.Event) -> None:
    while not over.is_set():
        with suppress(KafkaError, PyMongoError):
            await invariant.look()
        await pause(LOOK_EVERY_S)
