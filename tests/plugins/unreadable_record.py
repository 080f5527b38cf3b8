"""Run as a program: publishes a record whose header's name is not UTF-8, and prints its offset.

    AIOKAFKA_NO_EXTENSIONS=1 python unreadable_record.py BOOTSTRAP_SERVERS TOPIC KEY

aiokafka's compiled record builder takes only true strings; the one in Python encodes whatever says that it is one.
"""

import asyncio
import sys

from aiokafka import AIOKafkaProducer


class NotUtf8(str):
    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return b"\xff\xfe"


async def publish(bootstrap_servers: str, topic: str, key: str) -> int:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap_servers) as producer:
        sent = await producer.send_and_wait(topic, b"{}", key=key.encode(), headers=[(NotUtf8("name"), b"value")])
    return int(sent.offset)


if __name__ == "__main__":
    print(asyncio.run(publish(*sys.argv[1:])))  # noqa: T201
