"""What the store publishes, when Kafka does not take it."""

import asyncio
from typing import Any

import pytest
from aiokafka.errors import KafkaError, KafkaTimeoutError, OutOfOrderSequenceNumber

from waypost_common.consumption import ConsumptionStoppedError, RetryLaterError
from waypost_common.publishing import Message, publish

MESSAGES = [Message(topic="wa.events", key=b"S1", value=b"{}")]


class _Refusing:
    def __init__(self, error: KafkaError, *, at_once: bool) -> None:
        self._error = error
        self._at_once = at_once

    async def send(self, _topic: str, **_record: Any) -> "asyncio.Future[None]":
        if self._at_once:
            raise self._error
        refused: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        refused.set_exception(self._error)
        return refused


@pytest.mark.parametrize("at_once", [True, False])
async def test_while_kafka_is_away_the_same_is_published_again_later(at_once: bool) -> None:
    producer: Any = _Refusing(KafkaTimeoutError(), at_once=at_once)
    with pytest.raises(RetryLaterError):
        await publish(producer, MESSAGES)


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_producer_that_kafka_refuses_for_good_ends_the_service(at_once: bool) -> None:
    producer: Any = _Refusing(OutOfOrderSequenceNumber(), at_once=at_once)
    with pytest.raises(ConsumptionStoppedError, match="start it again"):
        await publish(producer, MESSAGES)
