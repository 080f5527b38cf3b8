"""What commands need to know of their sessions: whose they are, whether they are removed, who can be told of chat flags."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from pymongo.errors import PyMongoError

from waypost_common.documents import Collection, collection_name
from waypost_common.event_payloads import SessionState
from waypost_common.identifiers import OrganizationId, SessionId
from waypost_common.live_commands import ChatPushCommand
from waypost_common.mongo import Document, MongoDatabase, retry_or_stop
from waypost_store.generations import LiveGeneration

MOST: Final = 100_000
KNOWN_FOR_S: Final = 0.5
"""A look costs half a millisecond of the time that a command takes."""
PUSH: Final = str(ChatPushCommand.model_fields["command"].default)
FIELDS: Final = ("organization", "removed", "status", "operations", "backend")


@dataclass(frozen=True)
class KnownSession:
    organization: OrganizationId
    removed: bool = False
    push_backend: str | None = None
    """Whose connectors can be told of chat flags now, which needs a session that is connected and lists `chat.update`:
    for any other a push would hold up the session's live commands until its deadline.
    """


class KnownSessions:
    def __init__(
        self,
        database: MongoDatabase,
        generation: LiveGeneration,
        *,
        backends: Sequence[str],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`backends` that there are connectors for; the first is that of a session that names none."""
        self._database = database
        self._generation = generation
        self._backends = backends
        self._monotonic = monotonic
        self._known: OrderedDict[SessionId, tuple[float, KnownSession]] = OrderedDict()

    async def look(self, sessions: Iterable[SessionId]) -> dict[SessionId, KnownSession]:
        """Those that exist, as they were half a second ago at most. Raises RetryLaterError when MongoDB does not answer."""
        wanted, now = set(sessions), self._monotonic()
        stale = [session for session in wanted if session not in self._known or self._known[session][0] <= now]
        if stale:
            try:
                await self._load(stale, now + KNOWN_FOR_S)
            except PyMongoError as error:
                raise retry_or_stop(error) from error
        return {session: self._known[session][1] for session in wanted if session in self._known}

    def remember(self, session: SessionId, organization: OrganizationId) -> None:
        """The event that makes the session is in the log; its document follows."""
        if session not in self._known:
            self._keep(session, self._monotonic(), KnownSession(organization))

    async def _load(self, sessions: list[SessionId], known_until: float) -> None:
        collection = self._database[collection_name(Collection.SESSIONS, await self._generation.number())]
        async for document in collection.find({"_id": {"$in": sessions}}, list(FIELDS)):
            self._keep(SessionId(document["_id"]), known_until, known_session(document, backends=self._backends))

    def _keep(self, session: SessionId, known_until: float, known: KnownSession) -> None:
        self._known[session] = (known_until, known)
        self._known.move_to_end(session)
        if len(self._known) > MOST:
            self._known.popitem(last=False)


def known_session(document: Document, *, backends: Sequence[str]) -> KnownSession:
    backend = document["backend"] or backends[0]
    can_push = document["status"] == SessionState.WORKING and PUSH in (document["operations"] or ()) and backend in backends
    return KnownSession(
        organization=OrganizationId(document["organization"]),
        removed=bool(document["removed"]),
        push_backend=backend if can_push else None,
    )
