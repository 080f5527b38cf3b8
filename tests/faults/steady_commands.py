"""Commands that go on while something breaks, over HTTP and by Kafka alone; each must have come to one end."""

import asyncio
import random
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from itertools import count
from typing import Final
from uuid import uuid4

import httpx
import orjson
from tests.events import ALICE, SESSION, message
from tests.faults.history import Verdict, assert_as_if_nothing_had_happened, ends_of_operations, logs, outcomes
from tests.faults.store_commands import UNKNOWN_SESSION, command_of, make_command
from tests.pacing import paced, pause
from tests.plugins.pipeline import Pipeline
from tests.processes import eventually

from waypost_common.commands import StoreCommand, encode_command, key_of_command
from waypost_common.identifiers import EpochMs
from waypost_common.topics import COMMANDS_DLQ, COMMANDS_STORE

CHAT: Final = f"/api/v1/sessions/{SESSION}/chats/{ALICE}"
OTHERS: Final = [f"62877000000{number:02}@s.whatsapp.net" for number in range(8)]
COMMANDS_A_SECOND: Final = 10
PAUSE_S: Final = 0.2
SHORT_MS: Final = 3_000
"""Less than most faults last. It is the deadline of every other command by Kafka; the rest have two minutes, more than any."""
REQUESTS_MS: Final = 5_000
"""The deadline over HTTP: less than the ten seconds of production, so that all ends soon."""
OPEN: Final = ["pending", "started"]
EXPIRED: Final = ("expired", "gateway_unavailable")
NOT_FOUND: Final = ("rejected", "not_found")


class SteadyCommands:
    def __init__(self, pipeline: Pipeline, client: httpx.AsyncClient) -> None:
        self.held = asyncio.Lock()
        """Whoever has it keeps the requests over HTTP back; commands by Kafka go on."""
        self._pipeline = pipeline
        self._client = client
        self._given: dict[str, StoreCommand] = {}
        self._unanswered: set[str] = set()

    @property
    def given(self) -> int:
        """How many have been published by Kafka alone."""
        return len(self._given)

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        over = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._publish(over), name="commands by Kafka")
            tasks.create_task(self._ask(over), name="commands over HTTP")
            yield
            over.set()

    async def change(self, number: int) -> httpx.Response:
        """Of a flag, every other time with an idempotency key; the operation that a refusal names is looked at in the end."""
        headers = {"idempotency-key": uuid4().hex} if number % 2 else {}
        answer = await self._client.patch(CHAT, json={"pinned": number % 4 < 2}, headers=headers)
        assert answer.status_code in (200, 503), answer.text
        if answer.status_code == 503 and (told := answer.json()["error"].get("details")):
            self._unanswered.add(told["operation"])
        return answer

    async def assert_each_ended_once(self) -> None:
        """Waits for it: operations, outcomes, log and documents tell the same, and none ended as expired which had time."""
        pipeline = self._pipeline
        asked = {orjson.loads(record.value)["id"] for record in await pipeline.read_all(COMMANDS_STORE)}
        assert asked >= self._given.keys()
        await self._until_ended(asked | self._unanswered)
        ended = await ends_of_operations(pipeline)
        became_events = {command_of(record) for record in await pipeline.read_all()}
        others = {command: verdict for command, verdict in ended.items() if command not in became_events}
        wrong = {command: verdict for command, verdict in others.items() if verdict not in self._ends_without_event(command)}
        assert wrong == {}
        await assert_as_if_nothing_had_happened(pipeline, others)
        told = await outcomes(pipeline)
        assert {command: told.get(command) for command in ended} == {command: {one} for command, one in ended.items()}
        assert await pipeline.read_all(COMMANDS_DLQ) == []

    def _ends_without_event(self, identifier: str) -> set[Verdict]:
        command = self._given.get(identifier)
        if command is None:  # over HTTP
            return {EXPIRED}
        ends = {NOT_FOUND} if command.session == UNKNOWN_SESSION else set()
        return ends | ({EXPIRED} if command.deadline - command.issued_at <= SHORT_MS else set())

    async def _until_ended(self, commands: Collection[str]) -> None:
        operations = self._pipeline.database["operations"]

        async def all_ended() -> bool:
            asked = {"_id": {"$in": [*commands]}, "status": {"$nin": OPEN}}
            return await operations.count_documents(asked) == len(commands)

        await eventually(all_ended, lambda: f"an end of each of {len(commands)} commands\n{logs(self._pipeline)}")

    async def _publish(self, over: asyncio.Event) -> None:
        chance = random.Random(7)
        async for number in paced(count(), a_second=COMMANDS_A_SECOND):
            if over.is_set():
                return
            about = message(f"C{number}", chat=chance.choice(OTHERS))
            command = make_command(chance, about)
            if number % 2:
                command = command.model_copy(update={"deadline": EpochMs(command.issued_at + SHORT_MS)})
            await self._pipeline.publish([about])
            await self._pipeline.publish_raw(encode_command(command), key_of_command(command), COMMANDS_STORE)
            self._given[command.id] = command

    async def _ask(self, over: asyncio.Event) -> None:
        for number in count():
            if over.is_set():
                return
            async with self.held:
                await self.change(number)
            await pause(PAUSE_S)
