"""Which sessions this process can call now. Session runners say, the executor asks."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from waypost_common.identifiers import SessionId
from waypost_common.live_commands import WITHOUT_CONNECTION, LiveCommand
from waypost_connector.backend import CallResult, Delivery
from waypost_connector.fences import Hold
from waypost_connector.publisher import Record


class CallTarget(Protocol):
    """A connection, or what stands for a session without one."""

    async def call(self, command: LiveCommand) -> CallResult:
        """As that of `waypost_connector.backend.Connection`."""
        ...


@dataclass(frozen=True)
class Line:
    """What a command of a session is carried out with."""

    target: CallTarget
    hold: Hold
    record_of: Callable[[Delivery], Awaitable[Record]]
    """The session's own way of making records, which knows under which address each person's chat is kept."""


class CallableSessions:
    """Each session has up to two lines: one while it is connected, and one for what needs no connection."""

    def __init__(self) -> None:
        self._connected: dict[SessionId, Line] = {}
        self._served: dict[SessionId, Line] = {}
        self._changed: dict[SessionId, asyncio.Event] = defaultdict(asyncio.Event)

    def connect(self, session: SessionId, line: Line) -> None:
        self._connected[session] = line
        self._tell(session)

    def disconnect(self, session: SessionId, line: Line) -> None:
        """Does nothing when another line has taken its place."""
        if self._connected.get(session) is line:
            del self._connected[session]

    def serve(self, session: SessionId, line: Line) -> None:
        self._served[session] = line
        self._tell(session)

    def leave(self, session: SessionId, line: Line) -> None:
        if self._served.get(session) is line:
            del self._served[session]

    async def line_for(self, command: LiveCommand) -> Line:
        """Waits until there is one: the caller sets the deadline."""
        return await self._line_in(self._served if command.command in WITHOUT_CONNECTION else self._connected, command.session)

    async def connected(self, session: SessionId) -> Line:
        """The session's connection, however long that takes."""
        return await self._line_in(self._connected, session)

    async def _line_in(self, lines: Mapping[SessionId, Line], session: SessionId) -> Line:
        while (line := lines.get(session)) is None:
            await self._changed[session].wait()
        return line

    def _tell(self, session: SessionId) -> None:
        """Wakes those who wait; whoever waits later makes an event of their own."""
        if (event := self._changed.pop(session, None)) is not None:
            event.set()
