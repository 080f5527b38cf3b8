"""Kafka and mongod of a local system: those that the environment names, or our own."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Thread
from typing import Protocol

from waypost_local import kafka, mongod
from waypost_local.errors import LocalError
from waypost_local.folder import DataFolder
from waypost_local.ports import LOOPBACK, require_free
from waypost_local.process import Child
from waypost_local.record import read_record

KAFKA_VARIABLE = "WAYPOST_KAFKA_BOOTSTRAP_SERVERS"
MONGO_VARIABLE = "WAYPOST_MONGO_URL"


class Server(Protocol):
    name: str
    address: str

    def prepare(self) -> None:
        """All that can be done before the process starts: looks at the port, downloads, writes settings. May block long."""

    def start(self) -> Child | None:
        """None: somebody else looks after it."""

    def missing(self) -> str | None:
        """None once it can be used, else what is wrong."""


class LocalKafka:
    name = "Kafka"

    def __init__(self, folder: DataFolder, port: int) -> None:
        self.address = f"{LOOPBACK}:{port}"
        self._folder, self._port = folder, port

    def prepare(self) -> None:
        require_free(self._port, "Kafka", "--kafka-port")
        self._programs = kafka.find_programs()
        self._settings = kafka.prepare(self._programs, self._folder.data("kafka"), self._port)

    def start(self) -> Child:
        return kafka.start(self._programs, self._settings, self._folder.log("kafka"))

    def missing(self) -> str | None:
        return kafka.missing(self.address)


class LocalMongod:
    name = "mongod"

    def __init__(self, folder: DataFolder, port: int) -> None:
        self.address = mongod.url(port)
        self._folder, self._port = folder, port

    def prepare(self) -> None:
        require_free(self._port, "MongoDB", "--mongo-port")
        self._program = mongod.find_program()

    def start(self) -> Child:
        return mongod.start(self._program, self._folder.data("mongod"), self._port, self._folder.log("mongod"))

    def missing(self) -> str | None:
        return mongod.elect(self._port)


@dataclass
class GivenServer:
    name: str
    address: str
    variable: str
    probe: Callable[[str], str | None]

    def prepare(self) -> None:
        if (reason := self.probe(self.address)) is not None:
            raise LocalError(f"{self.variable}: {reason}; put that right, or unset it to have {self.name} started here")

    def start(self) -> None:
        return None

    def missing(self) -> str | None:
        return self.probe(self.address)


def choose_kafka(folder: DataFolder, port: int) -> Server:
    if address := _given(KAFKA_VARIABLE, folder):
        return GivenServer("Kafka", address, KAFKA_VARIABLE, kafka.missing)
    return LocalKafka(folder, port)


def choose_mongo(folder: DataFolder, port: int) -> Server:
    if address := _given(MONGO_VARIABLE, folder):
        return GivenServer("MongoDB", address, MONGO_VARIABLE, mongod.missing)
    return LocalMongod(folder, port)


def _given(variable: str, folder: DataFolder) -> str | None:
    """The caller's own server, if there is one: what `env` exported of this folder's earlier run names ours."""
    address = os.environ.get(variable)
    record = read_record(folder.record)
    was_ours = record is not None and variable not in record.given and record.environment.get(variable) == address
    return None if was_ours else address


def prepare_side_by_side(servers: Sequence[Server]) -> None:
    """Prepares all at once. Raises the first error; what the others still do ends with this process."""
    errors: list[BaseException] = []

    def prepare(server: Server) -> None:
        try:
            server.prepare()
        except BaseException as error:  # noqa: BLE001 - raised again below, in the caller's thread
            errors.append(error)

    threads = [Thread(target=prepare, args=(server,), daemon=True) for server in servers]
    for thread in threads:
        thread.start()
    while not errors and any(thread.is_alive() for thread in threads):
        for thread in threads:
            thread.join(0.05)
    if errors:
        raise errors[0]
