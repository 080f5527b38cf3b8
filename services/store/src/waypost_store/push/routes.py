"""Which sessions' connectors can be told of a chat's flags."""

import time
from collections.abc import Callable, Iterable
from typing import Final

from pymongo.errors import PyMongoError

from waypost_common.commands import ChatUpdateCommand, StoreCommand
from waypost_common.documents import Collection, collection_name
from waypost_common.event_payloads import SessionState
from waypost_common.identifiers import SessionId
from waypost_common.live_commands import ChatPushCommand
from waypost_common.mongo import MongoDatabase, retry_or_stop
from waypost_common.topics import BACKENDS
from waypost_store.generations import LiveGeneration

OPERATION: Final = str(ChatPushCommand.model_fields["command"].default)
KNOWN_FOR_S: Final = 0.5
"""A look costs each change of a chat half a millisecond of its caller's time."""
MOST: Final = 10_000


class PushRoutes:
    def __init__(
        self,
        database: MongoDatabase,
        generation: LiveGeneration,
        *,
        default_backend: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._generation = generation
        self._default_backend = default_backend
        self._monotonic = monotonic
        self._known: dict[SessionId, tuple[float, str | None]] = {}

    async def backends(self, commands: Iterable[StoreCommand]) -> dict[SessionId, str]:
        """The backend of each session that is connected and lists `chat.update`, of those whose chats' flags are to change.

        One that is not connected would hold up the session's other live commands until the push's deadline.
        Raises RetryLaterError when MongoDB does not answer.
        """
        if len(self._known) > MOST:
            self._known.clear()
        now = self._monotonic()
        wanted = {command.session for command in commands if isinstance(command, ChatUpdateCommand)}
        missing = sorted(session for session in wanted if self._known.get(session, (now, None))[0] <= now)
        if missing:
            found = await self._find(missing)
            self._known |= {session: (now + KNOWN_FOR_S, found.get(session)) for session in missing}
        routes = ((session, self._known[session][1]) for session in wanted)
        return {session: backend for session, backend in routes if backend in BACKENDS}

    async def _find(self, sessions: list[SessionId]) -> dict[SessionId, str]:
        """That they belong to the commands' organizations has been seen to before: another's command does not start."""
        query = {
            "_id": {"$in": sessions},
            "removed": {"$ne": True},
            "status": SessionState.WORKING.value,
            "operations": OPERATION,
        }
        try:
            collection = self._database[collection_name(Collection.SESSIONS, await self._generation.number())]
            found = [session async for session in collection.find(query, {"backend": True})]
        except PyMongoError as error:
            raise retry_or_stop(error) from error
        return {SessionId(session["_id"]): session["backend"] or self._default_backend for session in found}
