"""The clients of a running store, opened by its lifespan and handed to what needs them."""

from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from waypost_common.documents import Collection
from waypost_common.mongo import MongoCollection, MongoDatabase


@dataclass(frozen=True)
class Connections:
    database: MongoDatabase
    producer: AIOKafkaProducer

    @property
    def operations(self) -> MongoCollection:
        return self.database[Collection.OPERATIONS]


class ConnectionSlot:
    """Filled before the subscribers start and emptied after they have stopped."""

    def __init__(self) -> None:
        self._connections: Connections | None = None

    def fill(self, connections: Connections | None) -> None:
        self._connections = connections

    def get(self) -> Connections:
        if self._connections is None:
            raise RuntimeError("the store's clients are not open")
        return self._connections
