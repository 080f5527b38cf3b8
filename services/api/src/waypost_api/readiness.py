"""Whether this replica should get requests."""

import asyncio

import pymongo
from pymongo.errors import PyMongoError

from waypost_common.mongo import MongoDatabase, MongoFault, fault_of

PING_TIMEOUT_S = 1.0


class Readiness:
    """Ready once Kafka has been reached, and while MongoDB answers. Kafka going down later stops no reads."""

    def __init__(self, database: MongoDatabase, *, outcomes_followed: asyncio.Event, commands_taken: asyncio.Event) -> None:
        self._database = database
        self._outcomes_followed = outcomes_followed
        self._commands_taken = commands_taken

    async def missing(self) -> str | None:
        """None when ready, else one line that says what is missing."""
        if not self._outcomes_followed.is_set():
            return "the outcomes topic is not followed yet: is Kafka up, and has `waypost migrate` run?"
        if not self._commands_taken.is_set():
            return "commands cannot be published yet: is Kafka up, and has `waypost migrate` run?"
        try:
            with pymongo.timeout(PING_TIMEOUT_S):
                await self._database.command("ping")
        except PyMongoError as error:
            if fault_of(error) is MongoFault.NOT_ALLOWED:
                return "MongoDB refuses this user: correct WAYPOST_MONGO_URL"
            return "MongoDB does not answer: is it up, and is WAYPOST_MONGO_URL right?"
        return None
