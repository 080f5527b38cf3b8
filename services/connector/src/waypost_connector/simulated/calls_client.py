"""The client's side of calls: commands become `call` frames, `result` frames become what the backend protocol says."""

import asyncio
from itertools import count
from typing import Any, Final

from waypost_common.errors import ErrorCode
from waypost_common.live_commands import LiveCommand
from waypost_connector.backend import (
    CallEvent,
    CallLimitedError,
    CallNotMadeError,
    CallRefusedError,
    CallResult,
    CallUnsupportedError,
    ConnectionLostError,
)
from waypost_connector.simulated.protocol import Frame, Frames

OPERATIONS: Final = (
    "message.send", "message.edit", "message.revoke", "message.react", "channel.create", "channel.follow", "channel.unfollow",
    "channel.mute", "chat.update", "session.restart", "session.logout", "session.pair",
)  # fmt: skip
"""What its sessions can do, as session.status tells it. Those about the session itself are no calls of a connection."""


class PendingCalls:
    """Calls of one connection that wait for their answers."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Frame]] = {}
        self._lost = False

    async def make(self, command: LiveCommand) -> CallResult:
        """As `waypost_connector.backend.Connection.call`."""
        if self._lost:
            raise CallNotMadeError("the connection to the network has ended")
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        payload = command.payload.model_dump(mode="json", by_alias=True, exclude_unset=True)
        call = {"type": "call", "id": number, "command": command.id, "operation": command.command, "payload": payload}
        try:
            await self._frames.write(call)
            return _result(await answer)
        except OSError as error:
            raise ConnectionLostError("the connection to the network broke") from error
        finally:
            del self._waiting[number]

    def answered(self, frame: Frame) -> None:
        """An answer that nobody waits for any more is dropped."""
        answer = self._waiting.get(frame["id"])
        if answer is not None and not answer.done():
            answer.set_result(frame)

    def lose(self) -> None:
        """The connection is over: nobody is answered any more. Idempotent."""
        self._lost = True
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ConnectionLostError("the network ended the connection before it answered"))


def _result(frame: Frame) -> CallResult:
    error: dict[str, Any] | None = frame.get("error")
    if error is None:
        events = [CallEvent(made["event"], made["payload"], made.get("alternative")) for made in frame["events"]]
        return CallResult(events, frame["result"])
    code = ErrorCode(error["code"])
    match code:
        case ErrorCode.NOT_IMPLEMENTED:
            raise CallUnsupportedError(error["message"])
        case ErrorCode.RATE_LIMITED:
            raise CallLimitedError(error.get("retryAfterSeconds", 1))
        case _:
            raise CallRefusedError(code, error["message"])
