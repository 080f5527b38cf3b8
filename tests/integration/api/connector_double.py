"""Plays a connector: takes live commands from the topic and says what became of them. As much as the API can see."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from waypost_common.identifiers import CommandId, EpochMs
from waypost_common.live_commands import LIVE_COMMAND_ADAPTER, LiveCommand
from waypost_common.outcomes import Outcome, OutcomeStatus, encode_outcome
from waypost_common.settings import KafkaSettings
from waypost_common.topics import OUTCOMES, live_commands, topic_name


class ConnectorDouble:
    def __init__(self) -> None:
        self.commands: list[LiveCommand] = []
        self.records: list[Any] = []
        self.status = OutcomeStatus.SUCCEEDED
        self.code: str | None = None
        self.message: str | None = None
        self.result: dict[str, object] | None = None

    @classmethod
    @asynccontextmanager
    async def running(cls, settings: KafkaSettings) -> AsyncIterator["ConnectorDouble"]:
        producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers)
        consumer = AIOKafkaConsumer(
            topic_name(settings, live_commands("simulated")),
            bootstrap_servers=settings.bootstrap_servers,
            auto_offset_reset="earliest",
        )
        async with producer, consumer, asyncio.TaskGroup() as tasks:
            double = cls()
            task = tasks.create_task(double._run(consumer, producer, topic_name(settings, OUTCOMES)), name="connector")
            yield double
            task.cancel()

    async def _run(self, consumer: AIOKafkaConsumer, producer: AIOKafkaProducer, outcomes: str) -> None:
        async for record in consumer:
            command = LIVE_COMMAND_ADAPTER.validate_json(record.value)
            self.records.append(record)
            self.commands.append(command)
            outcome = Outcome(
                command=CommandId(command.id),
                status=self.status,
                at=EpochMs(time.time_ns() // 1_000_000),
                code=self.code,
                message=self.message,
                result=self.result,
                generation=1,
            )
            await producer.send_and_wait(outcomes, encode_outcome(outcome), key=outcome.command.encode())
