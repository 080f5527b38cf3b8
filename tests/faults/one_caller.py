"""A system under load and commands, and one caller who reads and changes a chat: what they are told, how soon all works again."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from itertools import count
from statistics import median
from typing import Final

import httpx
from tests.events import ORGANIZATION, message, working_session
from tests.faults.figures import Figures
from tests.faults.history import load, logs, make_history, until_more_applied
from tests.faults.steady_commands import CHAT, REQUESTS_MS, SteadyCommands
from tests.plugins.pipeline import Pipeline
from tests.processes import eventually

LOOK_EVERY_SECONDS: Final = 0.25
TRIES_SECONDS: Final = 5.0
"""The one caller a second that tries waits for the time-out of reads, 3 s."""
QUICK_SECONDS: Final = 1.5
"""Of whoever does not try: less than any time-out."""
EVENTS: Final = 15_000
EVENTS_A_SECOND: Final = 150


class OneCaller:
    def __init__(self, pipeline: Pipeline, client: httpx.AsyncClient, commands: SteadyCommands) -> None:
        self._pipeline = pipeline
        self._client = client
        self._commands = commands
        self._number = count()

    async def works(self) -> None:
        """A change, in the middle of work."""
        await until_more_applied(self._pipeline, 200)
        assert await self._can_change()

    async def is_refused_quickly(self, seconds: float) -> None:
        """Every read and every change for that long, and at least two of each, while commands come by Kafka."""
        until = time.monotonic() + seconds
        given = self._commands.given
        refusals: list[float] = []

        async def long_enough() -> bool:
            refusals.append(await self._refusal_seconds(self._client.get(CHAT)))
            refusals.append(await self._refusal_seconds(self._commands.change(next(self._number))))
            return time.monotonic() >= until and len(refusals) >= 5

        async with self._commands.held:
            refusals.append(await self._refusal_seconds(self._client.get(CHAT)))
            await eventually(long_enough, "two refusals of each", every=LOOK_EVERY_SECONDS)
        assert max(refusals) < TRIES_SECONDS
        assert refusals[1] < QUICK_SECONDS
        assert median(refusals) < QUICK_SECONDS
        assert self._commands.given > given

    async def recovers(self, since: float, figures: Figures, what: str) -> None:
        """Waits until a read and then a change have been answered with success; measures it from a monotonic time on."""
        await eventually(self._can_read, lambda: f"reads again\n{logs(self._pipeline)}")
        figures.tell(f"{what}, until a read is answered", time.monotonic() - since)
        await eventually(self._can_change, lambda: f"changes again\n{logs(self._pipeline)}")
        figures.tell(f"{what}, until a change is answered", time.monotonic() - since)

    async def _refusal_seconds(self, request: Awaitable[httpx.Response]) -> float:
        began = time.monotonic()
        answer = await request
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "gateway_unavailable")
        return time.monotonic() - began

    async def _can_read(self) -> bool:
        return self._is_success(await self._client.get(CHAT))

    async def _can_change(self) -> bool:
        return self._is_success(await self._commands.change(next(self._number)))

    @staticmethod
    def _is_success(answer: httpx.Response) -> bool:
        assert answer.status_code in (200, 503), answer.text
        return answer.status_code == 200


@asynccontextmanager
async def system_under_load(pipeline: Pipeline) -> AsyncIterator[OneCaller]:
    """On the way out load and commands end, all is as if nothing had happened, and no service has ended."""
    ingest, store, api, key = await asyncio.gather(
        pipeline.start("waypost-ingest", WAYPOST_BATCH_MAX_RECORDS="50"),
        pipeline.start("waypost-store", WAYPOST_STORE_SWEEP_INTERVAL_S="0.5"),
        pipeline.start_api(WAYPOST_COMMANDS_DEADLINE_MS=str(REQUESTS_MS)),
        pipeline.api_key(ORGANIZATION),
    )
    await pipeline.publish([working_session(), message("A")])
    await pipeline.until_applied()
    async with pipeline.client(api, key) as client:
        commands = SteadyCommands(pipeline, client)
        async with load(pipeline, make_history(EVENTS), a_second=EVENTS_A_SECOND), commands.going_on():
            yield OneCaller(pipeline, client, commands)
            await until_more_applied(pipeline, 200)
    await commands.assert_each_ended_once()
    assert all(service.is_running for service in (ingest, store, api))
