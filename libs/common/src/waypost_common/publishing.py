"""Puts records into Kafka, all or none as far as the caller is concerned: what failed comes again with its batch."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from waypost_common.consumption import ConsumptionStoppedError, RetryLaterError
from waypost_common.kafka import may_pass


@dataclass(frozen=True, kw_only=True)
class Message:
    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]] = field(default_factory=list)


async def publish(producer: AIOKafkaProducer, messages: Sequence[Message]) -> None:
    """Returns once Kafka has all of them, in this order per key.

    Raises RetryLaterError when it does not take one, and ConsumptionStoppedError when this producer cannot go on.
    """
    try:
        sends = [
            await producer.send(message.topic, key=message.key, value=message.value, headers=message.headers)
            for message in messages
        ]
        results = await asyncio.gather(*sends, return_exceptions=True)
    except KafkaError as error:
        raise _failure(error) from error
    for result in results:
        if isinstance(result, KafkaError):
            raise _failure(result) from result
        if isinstance(result, BaseException):
            raise result


def _failure(error: KafkaError) -> RetryLaterError | ConsumptionStoppedError:
    if may_pass(error):
        return RetryLaterError(f"Kafka: {type(error).__name__}")
    return ConsumptionStoppedError(f"Kafka takes nothing more from this process ({type(error).__name__}): start it again")
