"""Messages that are sent from some sessions all the time, so that calls are at stake when their connector goes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from tests.faults.connectors import SEED, Fleet
from tests.pacing import pause
from tests.processes import eventually

from waypost_common.clock import now_ms
from waypost_common.commands import encode_command
from waypost_common.identifiers import new_command_id
from waypost_common.jids import ChatType
from waypost_common.kafka import create_producer
from waypost_common.live_commands import LIVE_COMMAND_ADAPTER
from waypost_common.topics import OUTCOMES, live_commands, topic_name
from waypost_connector.simulated.cast import Cast
from waypost_connector.simulated.world import DEFAULT_ORGANIZATION, casts

APART_S = 0.05
LASTS_MS = 120_000
"""Longer than any outage here: what was asked for is done in the end, unless nobody can know whether it was."""


class Calls:
    def __init__(self, fleet: Fleet, producer: AIOKafkaProducer, sessions: Iterable[str]) -> None:
        wanted = set(sessions)
        self._fleet = fleet
        self._producer = producer
        self._topic = topic_name(fleet.settings.kafka, live_commands("simulated"))
        self._casts = [cast for cast in casts(seed=SEED, sessions=fleet.sessions, chats=fleet.chats) if cast.session in wanted]
        self._asked: dict[str, str] = {}

    async def run(self, over: asyncio.Event) -> None:
        """Each session is asked in turn, until told that it is over."""
        while not over.is_set():
            for cast in self._casts:
                await self._send(cast)
            await pause(APART_S * len(self._casts))

    async def until_each_was_called(self) -> None:
        """Once more from now on."""
        done = self._done()

        def again() -> bool:
            return all(self._done()[cast.session] > done[cast.session] for cast in self._casts)

        await eventually(again, lambda: f"a call of each session that is asked\n{self._fleet.logs()}")

    async def check(self) -> None:
        """Waits until every command has an outcome: none was done twice, and what succeeded was done."""
        told: dict[str, str] = {}
        topic = topic_name(self._fleet.settings.kafka, OUTCOMES)
        partitions = [TopicPartition(topic, number) for number in range(self._fleet.settings.kafka.partitions)]
        async with AIOKafkaConsumer(bootstrap_servers=self._fleet.settings.kafka.bootstrap_servers) as consumer:
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)

            async def all_told() -> bool:
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    for record in records:
                        outcome: dict[str, Any] = orjson.loads(record.value)
                        told.setdefault(outcome["command"], outcome["status"])
                return self._asked.keys() <= told.keys()

            await eventually(all_told, lambda: f"outcomes of {len(self._asked.keys() - told.keys())}\n{self._fleet.logs()}")
        made = Counter(call["command"] for call in self._fleet.record.read().calls())
        assert {command: count for command, count in made.items() if count > 1} == {}
        assert [command for command in self._asked if told[command] == "succeeded" and command not in made] == []
        assert {told[command] for command in self._asked} <= {"succeeded", "unknown"}

    def _done(self) -> Counter[str]:
        return Counter(call["session"] for call in self._fleet.record.read().calls())

    async def _send(self, cast: Cast) -> None:
        chat = next(chat.jid for chat in cast.chats if chat.type is ChatType.DM)
        command_id, now = new_command_id(), now_ms()
        command = {
            "schema": "v1",
            "id": command_id,
            "command": "message.send",
            "session": cast.session,
            "organization": DEFAULT_ORGANIZATION,
            "actor": {"kind": "program", "id": "test"},
            "issuedAt": now,
            "deadline": now + LASTS_MS,
            "payload": {"to": chat, "type": "text", "text": "Hello"},
        }
        value = encode_command(LIVE_COMMAND_ADAPTER.validate_json(orjson.dumps(command)))
        await self._producer.send_and_wait(self._topic, value, key=cast.session.encode())
        self._asked[command_id] = cast.session


@asynccontextmanager
async def calling(fleet: Fleet, sessions: Iterable[str]) -> AsyncIterator[Calls]:
    """Asks for messages to be sent, until left."""
    over = asyncio.Event()
    async with create_producer(fleet.settings.kafka, client_id="test") as producer, asyncio.TaskGroup() as tasks:
        calls = Calls(fleet, producer, sessions)
        tasks.create_task(calls.run(over), name="ask for calls")
        try:
            yield calls
        finally:
            over.set()
