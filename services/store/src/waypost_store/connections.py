"""The clients of a running store, opened by its lifespan."""

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
