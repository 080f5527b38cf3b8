"""Three small Kafka brokers, each of them a controller too, which keep every record three times and answer for two."""

import asyncio
import os
import socket
import struct
from pathlib import Path
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from tests.faults.servers import OwnServer
from tests.processes import eventually

from waypost_local import kafka
from waypost_local.ports import LOOPBACK, free_port
from waypost_local.process import Child, run

COPIES: Final = 3
SURE_COPIES: Final = 2
"""That a record must have before it is acknowledged."""
HEAP: Final = "-Xmx256m"
CLUSTER_ID: Final = "d2F5cG9zdC10ZXN0cy0wMQ"


class Broker(OwnServer):
    def __init__(self, folder: Path, number: int, controllers: list[int]) -> None:
        """`controllers`: the ports of all three."""
        super().__init__(folder, kafka.READY_SECONDS)
        self.number = number
        self.address = f"{LOOPBACK}:{self.port}"
        self._controllers = controllers
        self._programs = kafka.find_programs()
        self._file = folder / "server.properties"

    def format(self) -> None:
        """Makes the empty log. Blocks for some seconds."""
        self._folder.mkdir(parents=True)
        self._file.write_text("".join(f"{name}={value}\n" for name, value in self._settings().items()))
        done = run([*self._programs.format, "format", "--cluster-id", CLUSTER_ID, "--config", str(self._file)])
        assert done.returncode == 0, done.stdout + done.stderr

    def _settings(self) -> dict[str, str | int]:
        """Times as Kafka has them unless told otherwise."""
        own = self._controllers[self.number - 1]
        sure = dict.fromkeys(
            ("min.insync.replicas", "transaction.state.log.min.isr", "share.coordinator.state.topic.min.isr"), SURE_COPIES
        )
        copies = dict.fromkeys(
            (
                "default.replication.factor",
                "offsets.topic.replication.factor",
                "transaction.state.log.replication.factor",
                "share.coordinator.state.topic.replication.factor",
            ),
            COPIES,
        )
        return {
            "process.roles": "broker,controller",
            "node.id": self.number,
            "controller.quorum.voters": ",".join(f"{n}@{LOOPBACK}:{port}" for n, port in enumerate(self._controllers, 1)),
            "listeners": f"BROKER://{self.address},CONTROLLER://{LOOPBACK}:{own}",
            "advertised.listeners": f"BROKER://{self.address}",
            "inter.broker.listener.name": "BROKER",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(self._folder / "data"),
            "auto.create.topics.enable": "false",
            "offsets.topic.num.partitions": 4,
            "group.initial.rebalance.delay.ms": 0,
            "message.max.bytes": kafka.MAXIMUM_RECORD_BYTES,
            "replica.fetch.max.bytes": kafka.MAXIMUM_RECORD_BYTES,
            **sure,
            **copies,
        }

    def _launch(self) -> Child:
        environment = os.environ | {"KAFKA_HEAP_OPTS": HEAP, "LOG_DIR": str(self._folder)}
        java = [HEAP if part.startswith("-Xmx") else part for part in self._programs.start]
        return Child(f"broker {self.number}", [*java, str(self._file)], environment, self._folder / "kafka.log")

    def _missing(self) -> str | None:
        return kafka.missing(self.address)


class KafkaCluster:
    def __init__(self, folder: Path) -> None:
        controllers = [free_port() for _ in range(COPIES)]
        self.brokers = [Broker(folder / f"kafka-{number}", number, controllers) for number in range(1, COPIES + 1)]

    @property
    def address(self) -> str:
        return ",".join(broker.address for broker in self.brokers)

    async def start(self) -> None:
        """Returns once all three have found each other."""
        await asyncio.gather(*(asyncio.to_thread(broker.format) for broker in self.brokers))
        await asyncio.gather(*(broker.start() for broker in self.brokers))
        await eventually(self.is_whole, "three brokers")
        # It is what tests take away, and a client that begins with a silent one waits for its time-out before it asks the next.
        controller = await self.controller()
        self.brokers.sort(key=lambda broker: broker is controller)

    def kill(self) -> None:
        for broker in self.brokers:
            broker.kill()

    async def is_whole(self) -> bool:
        """Whether all brokers are there, and every partition has all its copies."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.address)
        await admin.start()
        try:
            known = await admin.describe_cluster()
            topics = await admin.describe_topics()
        finally:
            await admin.close()
        partitions = [partition for topic in topics for partition in topic["partitions"]]
        return len(known["brokers"]) == COPIES and all(len(partition["isr"]) == COPIES for partition in partitions)

    async def controller(self) -> Broker:
        """The active one of them, which leads partitions as well, as every broker does."""
        number = await asyncio.to_thread(_leader_of_the_quorum, self.brokers[0].port)
        return next(broker for broker in self.brokers if broker.number == number)


def _leader_of_the_quorum(port: int) -> int:
    """Kafka protocol, DescribeQuorum (key 55) version 0: what the metadata call a controller is any broker."""
    topic = b"__cluster_metadata"
    # Compact lengths are one more than what they count; a 0 ends each structure.
    body = bytes([2, len(topic) + 1]) + topic + bytes([2]) + struct.pack(">i", 0) + bytes(3)
    request = struct.pack(">hhih", 55, 0, 1, -1) + bytes(1) + body
    with socket.create_connection((LOOPBACK, port), timeout=10) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        with connection.makefile("rb") as answer:
            (size,) = struct.unpack(">i", answer.read(4))
            content = answer.read(size)
    # Correlation (4), tags (1), error (2), topics (1), name (1 + its length), partitions (1), index (4), error (2), leader (4).
    leader = 4 + 1 + 2 + 1 + 1 + len(topic) + 1 + 4 + 2
    (number,) = struct.unpack_from(">i", content, leader)
    return int(number)
