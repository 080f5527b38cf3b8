"""Calls: what a logged-in client asks the simulated network to do.

| from | frame | answer |
|---|---|---|
| client | `call` {id, command, operation, payload} | `result` {id, events: [{event, payload, alternative?}], result} |
| | | or `result` {id, error: {code, message, retryAfterSeconds?}} |

`id` is the client's own, `command` what the record is to call it. Calls of one connection may overlap. Before its answer, each
stands in the record as `called` {connection, session, client, fence, receivedAt, command, operation, outcome, ...}: `outcome` is
`done` or why not, `receivedAt` when it came, which may be long before.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

from waypost_common.errors import ErrorCode
from waypost_common.identifiers import EpochMs, Jid
from waypost_connector.simulated.accounts import log_out
from waypost_connector.simulated.arrivals import Arrivals
from waypost_connector.simulated.calls_answers import Answer, RefusedError
from waypost_connector.simulated.calls_channels import ChannelCalls
from waypost_connector.simulated.calls_known import KnownMessages
from waypost_connector.simulated.calls_messages import MessageCalls
from waypost_connector.simulated.calls_storage import CallStorage
from waypost_connector.simulated.drafts import Draft, at_moment
from waypost_connector.simulated.faults import Fault, FaultKind, Faults
from waypost_connector.simulated.mailboxes import Disk, Login, Mailbox
from waypost_connector.simulated.protocol import Frame, ProtocolError, integer_field, text_field

MOST_AT_ONCE: Final = 64
"""Calls of one connection that are under way."""


@dataclass(frozen=True)
class _Request:
    number: int
    command: str
    operation: str
    payload: dict[str, Any]


Operation = Callable[[str, dict[str, Any]], Awaitable[Answer]]


class Calls:
    def __init__(
        self,
        storage: CallStorage,
        disk: Disk,
        faults: Faults,
        arrivals: Arrivals,
        *,
        history: int,
        unfollowed: dict[int, set[Jid]],
    ) -> None:
        """`unfollowed`: the channels that sessions, by number, have left before."""
        self._storage = storage
        self._disk = disk
        self._faults = faults
        self._arrivals = arrivals
        self._history = history
        self._unfollowed = unfollowed
        self._operations: dict[int, dict[str, Operation]] = {}
        self._under_way: dict[Login, int] = {}

    def unfollowed(self, mailbox: Mailbox) -> Collection[Jid]:
        """The channels whose posts the session is not to get."""
        return self._unfollowed.get(mailbox.number, ())

    async def answer(self, mailbox: Mailbox, login: Login, frame: Frame) -> None:
        """Does what a `call` frame says and answers it. Raises ProtocolError, or OSError when the client is gone."""
        request = _read(frame)
        if self._under_way.get(login, 0) >= MOST_AT_ONCE:
            raise ProtocolError(f"more than {MOST_AT_ONCE} calls at once")
        self._under_way[login] = self._under_way.get(login, 0) + 1
        try:
            await self._answer(mailbox, login, request)
        finally:
            self._under_way[login] -= 1
            if not self._under_way[login]:
                del self._under_way[login]

    async def _answer(self, mailbox: Mailbox, login: Login, request: _Request) -> None:
        session, received_at = mailbox.world.cast.session, _now()
        fault = self._faults.strike(session, request.operation)
        kind = None if fault is None else fault.kind
        if fault is not None and kind is FaultKind.SLOW:
            await asyncio.sleep(fault.seconds)
        if kind is FaultKind.DROP:
            login.frames.close()
            return
        if kind is FaultKind.BAN:
            await log_out(mailbox, self._storage, self._disk, "banned", connection=login.connection)
            return
        facts = login.facts | {"session": session, "receivedAt": received_at, "command": request.command}
        facts |= {"operation": request.operation}
        try:
            if fault is not None:
                _refuse(fault)
            answer = await self._act(mailbox, request)
        except RefusedError as refusal:
            await self._disk.write("called", **facts, outcome=refusal.code.value)
            result = _refusal(refusal)
        else:
            await self._disk.write("called", **facts, outcome="done", **answer.facts)
            for seconds, draft in answer.later:
                self._arrivals.bring_later(seconds, mailbox, [draft])
            result = {"events": [_event(draft) for draft in answer.events], "result": answer.result}
        if fault is not None and kind is FaultKind.HOLD:
            await asyncio.sleep(fault.seconds)
        if kind is FaultKind.LOSE:
            login.frames.close()
            return
        await login.frames.write({"type": "result", "id": request.number} | result)

    async def _act(self, mailbox: Mailbox, request: _Request) -> Answer:
        """Raises RefusedError."""
        operation = self._operations_of(mailbox).get(request.operation)
        if operation is None:
            raise RefusedError(ErrorCode.NOT_IMPLEMENTED, "the network cannot do this")
        try:
            return await operation(request.command, request.payload)
        except (KeyError, TypeError, ValueError) as error:
            raise RefusedError(ErrorCode.VALIDATION_ERROR, "the payload is not what this operation takes") from error

    def _operations_of(self, mailbox: Mailbox) -> dict[str, Operation]:
        operations = self._operations.get(mailbox.number)
        if operations is None:
            unfollowed = self._unfollowed.setdefault(mailbox.number, set())
            known = KnownMessages(mailbox, self._history, self._storage, self._disk)
            messages = MessageCalls(mailbox, known, self._storage, self._disk)
            channels = ChannelCalls(mailbox, unfollowed, self._storage, self._disk)
            operations = self._operations[mailbox.number] = {
                "message.send": messages.send,
                "message.edit": messages.edit,
                "message.revoke": messages.revoke,
                "message.react": messages.react,
                "channel.create": channels.create,
                "channel.follow": channels.follow,
                "channel.unfollow": channels.unfollow,
                "channel.mute": channels.mute,
                "chat.update": _note_flags,
            }
        return operations


async def _note_flags(_command: str, payload: dict[str, Any]) -> Answer:
    """The stored copy has the flags already: nothing is to be told of them but to the record."""
    return Answer(facts={"chat": payload["chatJid"], "flags": {name: payload[name] for name in payload if name != "chatJid"}})


def _read(frame: Frame) -> _Request:
    """Raises ProtocolError."""
    payload = frame.get("payload")
    if not isinstance(payload, dict):
        raise ProtocolError("call needs payload, an object")
    return _Request(integer_field(frame, "id"), text_field(frame, "command"), text_field(frame, "operation"), payload)


def _refusal(refusal: RefusedError) -> Frame:
    error: Frame = {"code": refusal.code.value, "message": refusal.message}
    return {"error": error if refusal.retry_after_s is None else error | {"retryAfterSeconds": refusal.retry_after_s}}


def _refuse(fault: Fault) -> None:
    """Raises the RefusedError that the fault stands for, if any."""
    if fault.kind is FaultKind.REFUSE:
        raise RefusedError(fault.code, "the network was told to refuse this")
    if fault.kind is FaultKind.LIMIT:
        raise RefusedError(ErrorCode.RATE_LIMITED, "the network was told to limit this", retry_after_s=fault.seconds)


def _event(draft: Draft) -> Frame:
    event: Frame = {"event": draft.event, "payload": at_moment(draft.payload, _now())}
    return event if draft.alternative is None else event | {"alternative": draft.alternative}


def _now() -> EpochMs:
    return EpochMs(time.time_ns() // 1_000_000)
