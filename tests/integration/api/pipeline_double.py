"""Plays store and ingest: takes commands from the topic, changes the chat, publishes outcomes. As much as the API can see."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from tests.integration.api.documents import session_document
from tests.processes import eventually

from waypost_common.commands import STORE_COMMAND_ADAPTER, StoreCommand
from waypost_common.identifiers import CommandId, EpochMs
from waypost_common.mongo import MongoDatabase
from waypost_common.outcomes import Outcome, OutcomeStatus, encode_outcome
from waypost_common.settings import KafkaSettings
from waypost_common.topics import COMMANDS_STORE, OUTCOMES, topic_name


class PipelineDouble:
    def __init__(self, settings: KafkaSettings, database: MongoDatabase, producer: AIOKafkaProducer) -> None:
        self._settings = settings
        self._database = database
        self._producer = producer
        self.commands: list[StoreCommand] = []
        self.records: list[Any] = []
        self.answers = True
        """Whether outcomes are published."""
        self.records_outcomes = True
        """Whether the operation's document is brought up to date."""
        self.generation: int | None = 1
        self.position: tuple[int, int] | tuple[None, None] = (None, None)
        """Partition and offset of the event."""
        self.status = OutcomeStatus.SUCCEEDED
        self.code: str | None = None

    @classmethod
    @asynccontextmanager
    async def running(cls, settings: KafkaSettings, database: MongoDatabase) -> AsyncIterator["PipelineDouble"]:
        producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers)
        consumer = AIOKafkaConsumer(
            topic_name(settings, COMMANDS_STORE), bootstrap_servers=settings.bootstrap_servers, auto_offset_reset="earliest"
        )
        async with producer, consumer:
            double = cls(settings, database, producer)
            async with asyncio.TaskGroup() as tasks:
                task = tasks.create_task(double._run(consumer), name="pipeline")
                yield double
                task.cancel()

    async def _run(self, consumer: AIOKafkaConsumer) -> None:
        async for record in consumer:
            command = STORE_COMMAND_ADAPTER.validate_json(record.value)
            self.records.append(record)
            self.commands.append(command)
            # As the store's claim does.
            await self._database["operations"].update_one({"_id": command.id}, {"$unset": {"outbox": ""}})
            if self.status is OutcomeStatus.SUCCEEDED:
                await self._apply(command)
            outcome = Outcome(
                command=CommandId(command.id),
                status=self.status,
                at=EpochMs(time.time_ns() // 1_000_000),
                code=self.code,
                generation=self.generation,
                partition=self.position[0],
                offset=self.position[1],
            )
            if self.records_outcomes:
                await self.record(outcome)
            if self.answers:
                await self.publish(outcome)

    async def publish(self, outcome: Outcome) -> None:
        topic = topic_name(self._settings, OUTCOMES)
        await self._producer.send_and_wait(topic, encode_outcome(outcome), key=outcome.command.encode())

    async def record(self, outcome: Outcome) -> None:
        changed = {
            "status": outcome.status.value,
            "finishedAt": outcome.at,
            "code": outcome.code,
            "generation": outcome.generation,
            "partition": outcome.partition,
            "offset": outcome.offset,
        }
        operations = self._database["operations"]

        async def recorded() -> bool:
            return (await operations.update_one({"_id": outcome.command}, {"$set": changed})).matched_count == 1

        await eventually(recorded, "the operation, which the API inserts beside publishing", every=0.01)

    async def _apply(self, command: Any) -> None:
        if command.command.startswith("session."):
            await self._apply_to_session(command)
            return
        payload = command.payload.model_dump(exclude_unset=True)
        jid = payload.pop("chat_jid")
        match command.command:
            case "chat.update":
                names = {"archived": "archived", "pinned": "pinned", "muted_until": "mutedUntil"}
                change: dict[str, Any] = {names[name]: value for name, value in payload.items()}
            case "chat.read":
                change = {"unreadCount": 0, "markedUnread": False, "unread": False}
            case "chat.unread":
                change = {"markedUnread": True, "unread": True}
            case _:
                change = {"visible": False}
        await self._database["chats"].update_one({"_id": f"{command.session}|{jid}"}, {"$set": change})

    async def _apply_to_session(self, command: Any) -> None:
        """Statuses are a connector's to say."""
        sessions = self._database["sessions"]
        match command.command:
            case "session.create":
                payload = command.payload
                made = session_document(command.session, command.organization)
                told = {"label": payload.label, "autoRead": bool(payload.auto_read), "status": "stopped", "operations": None}
                await sessions.insert_one(made | told | {"desired": "running" if payload.start else "stopped"})
            case "session.delete":
                await sessions.update_one({"_id": command.session}, {"$set": {"removed": True}})
            case _:
                desired = "running" if command.command == "session.start" else "stopped"
                await sessions.update_one({"_id": command.session}, {"$set": {"desired": desired}})
