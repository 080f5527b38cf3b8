"""Brings about a fault of the schedule, and says when all is well again."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

import orjson
from pymongo import MongoClient
from pymongo.errors import AutoReconnect
from tests.faults.crashes import SETTING
from tests.faults.servers import OwnKafka, OwnMongod, OwnServer
from tests.pacing import pause
from tests.plugins.pipeline import Pipeline
from tests.processes import eventually
from tests.soak.journal import Journal
from tests.soak.schedule import Fault, Kind, Target
from tests.soak.services import ENDED_WITH_AN_ERROR, LOOK_EVERY_S, TRACEBACK, Outages, Service

from waypost_common.crash_points import CrashAt, last_words
from waypost_local import mongod

REBUILD_TRIES: Final = 10
REBUILD_AGAIN_S: Final = 3.0
REBUILD_LASTS_S: Final = 240.0


class Faults:
    """`services` by name and number. `poisoned_keys`: where poison is put, in turn."""

    def __init__(
        self,
        pipeline: Pipeline,
        services: dict[tuple[Target, int], Service],
        kafka: OwnKafka,
        mongod: OwnMongod,
        outages: Outages,
        journal: Journal,
        poisoned_keys: list[str],
    ) -> None:
        self._pipeline = pipeline
        self._services = services
        self._kafka = kafka
        self._mongod = mongod
        self._outages = outages
        self._journal = journal
        self._keys = poisoned_keys
        self._poisons = 0

    async def bring_about(self, fault: Fault) -> None:
        """Returns when what was faulty works again."""
        self._journal.begins(str(fault), f"{fault.kind} {fault.target}")
        began = time.monotonic()
        match fault.target:
            case Target.EVENTS:
                await (self._poison(fault) if fault.kind is Kind.POISON else self._rebuild())
            case Target.KAFKA:
                await self._break(self._kafka, fault)
            case Target.MONGOD:
                await (self._step_down(fault) if fault.kind is Kind.STEP_DOWN else self._break(self._mongod, fault))
            case _:
                service = self._services[fault.subject]
                async with service.one_fault_at_a_time:
                    await self._disturb(service, fault)
        if fault.kind is not Kind.POISON:
            self._journal.say(f"well again after {time.monotonic() - began:.1f} s: {fault}")

    async def _disturb(self, service: Service, fault: Fault) -> None:
        if fault.kind is Kind.FREEZE:
            await service.process.freeze()
            try:
                await pause(fault.lasts_s)
            finally:
                service.process.send_signal(signal.SIGCONT)
            await service.until_ready()
            return
        service.is_ours = True
        number = signal.SIGKILL if fault.kind is Kind.KILL else signal.SIGTERM
        if service.process.is_running:  # else it ended by itself a moment ago
            await service.end(number)
        if fault.kind is Kind.CRASH:
            await self._crash(service, fault)
        else:
            await pause(fault.lasts_s)
            service.start()
        service.is_ours = False
        await service.until_ready()

    async def _crash(self, service: Service, fault: Fault) -> None:
        """Nothing passes there in that time, it may be: then it goes on with the point set, and is started without it."""
        service.process.environment[SETTING] = fault.detail
        service.start()
        until = time.monotonic() + fault.lasts_s
        while service.process.is_running and time.monotonic() < until:
            await pause(LOOK_EVERY_S)
        del service.process.environment[SETTING]
        if service.process.is_running:
            self._journal.say(f"{service.name} did not come to {fault.detail}, or not so often")
            await service.end(signal.SIGKILL)
        elif (code := service.process.wait()) == ENDED_WITH_AN_ERROR and self._outages.explain_an_end:
            self._journal.say(f"{service.name} gave up before it came to {fault.detail}")
        else:
            at = CrashAt.parsed(fault.detail)
            last = service.log.rstrip().rpartition("\n")[2]
            died = f"{service.name} ended with {code}:\n{service.log[-3_000:]}"
            assert (code, last) == (-signal.SIGKILL, last_words(at.point, at.passing)), died
        service.start()

    async def _break(self, server: OwnServer, fault: Fault) -> None:
        faulty: AbstractAsyncContextManager[None] = server.killed() if fault.kind is Kind.KILL else server.stopped()
        async with self._outage(), faulty:
            await pause(fault.lasts_s)

    async def _step_down(self, fault: Fault) -> None:
        async with self._outage():
            await asyncio.to_thread(_step_down, self._mongod.address, round(fault.lasts_s))

            async def primary() -> bool:
                return await asyncio.to_thread(mongod.elect, self._mongod.port) is None

            await eventually(primary, "mongod primary again", every=LOOK_EVERY_S)

    @asynccontextmanager
    async def _outage(self) -> AsyncIterator[None]:
        """And until all services can work again."""
        self._outages.begins()
        try:
            yield
        finally:
            self._outages.ends()
        await asyncio.gather(*(one.until_ready() for one in self._services.values()))

    async def _poison(self, fault: Fault) -> None:
        key = self._keys[self._poisons % len(self._keys)]
        self._poisons += 1
        value = b"poison" if fault.detail == "not JSON" else orjson.dumps({"schema": "v1", "event": "poison"})
        await self._pipeline.publish_raw(value, key)

    async def _rebuild(self) -> None:
        """Goes on where it was, when a server that it needs was away meanwhile."""
        command = self._pipeline.process("waypost", "rebuild", "--json")
        for _ in range(REBUILD_TRIES):
            command.start()
            until = time.monotonic() + REBUILD_LASTS_S
            while command.is_running:
                assert time.monotonic() < until, f"waypost rebuild hangs:\n{command.log[-3_000:]}"
                await pause(LOOK_EVERY_S)
            code = command.wait()
            if code == 0:
                return
            assert code == ENDED_WITH_AN_ERROR, f"waypost rebuild ended with {code}:\n{command.log[-3_000:]}"
            assert TRACEBACK not in command.log, command.log[-3_000:]
            self._journal.say(f"waypost rebuild gave up, and is started again: {command.log.rstrip().splitlines()[-1]}")
            await pause(REBUILD_AGAIN_S)
        raise AssertionError(f"waypost rebuild never came to its end:\n{command.log[-3_000:]}")


def _step_down(address: str, seconds: int) -> None:
    with MongoClient[dict[str, object]](address) as client:
        try:
            client.admin.command({"replSetStepDown": seconds, "secondaryCatchUpPeriodSecs": 0, "force": True})
        except AutoReconnect:
            """It may close the connection instead of answering."""
