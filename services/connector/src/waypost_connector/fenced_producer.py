"""A Kafka producer that writes nothing under an ownership which has passed.

aiokafka keeps records and repeats them for as long as it takes, so a process that was frozen, or cut off from Kafka, would write
them when it is back, long after another one took over. So every request to write is held up until that is allowed, right before
it goes to the socket; a producer that holds something which never will be is given up, with all it holds.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.client import ConnectionGroup
from aiokafka.errors import KafkaError
from aiokafka.protocol.produce import ProduceRequest

Allowed = Callable[[], Awaitable[None]]
"""Returns when writing is allowed. Raises ProducerGivenUpError when it never will be."""


class ProducerGivenUpError(KafkaError):
    """The producer holds records of a session that this process has lost. Nothing more is written by it."""

    retriable = False


def fence(producer: AIOKafkaProducer, allowed: Allowed) -> None:
    """To be called before the producer is started."""
    client: Any = producer.client
    send = client.send
    given_up = False

    async def send_when_allowed(node_id: int, request: Any, *, group: ConnectionGroup = ConnectionGroup.DEFAULT) -> Any:
        nonlocal given_up
        if isinstance(request, ProduceRequest):
            if given_up:
                raise ProducerGivenUpError
            await client.ready(node_id, group=group)  # else `send` might wait for a connection after the question
            try:
                await allowed()
            except ProducerGivenUpError:
                given_up = True
                raise
        return await send(node_id, request, group=group)

    client.send = send_when_allowed
