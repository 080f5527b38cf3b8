"""The queues of commands: one per session, and one beside it for sends that wait for their turn.

Commands of one lane are carried out one after the other. Lanes do not wait for each other, so neither a slow session nor a send
that may not go out yet holds up anything else.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

import structlog

from waypost_common.claims import Finish
from waypost_common.errors import ErrorCode
from waypost_common.identifiers import SessionId
from waypost_common.outcomes import OutcomeStatus
from waypost_connector.backend import OvertakenError
from waypost_connector.live.entry import Entry
from waypost_connector.live.intake import Accepted

log = structlog.stdlib.get_logger(__name__)

PROMPT_CAPACITY: Final = 100
"""Commands of one session that wait; then its partition is paused."""
WAITING_CAPACITY: Final = 1_000
"""Sends of one session that wait for their turn; then further ones are refused."""

TOO_MANY_WAITING: Final = Finish(
    status=OutcomeStatus.REJECTED,
    code=ErrorCode.RATE_LIMITED,
    message=f"{WAITING_CAPACITY} messages of this session wait to be sent: try again when they are",
)


class Kind(Enum):
    PROMPT = auto()
    WAITING = auto()


@dataclass(eq=False)
class _Lane:
    queue: deque[Entry] = field(default_factory=deque)
    at_hand: Entry | None = None
    task: asyncio.Task[None] | None = None


class Lanes:
    def __init__(
        self, execute: Callable[[Entry], Awaitable[None]], finished: Callable[[Accepted], None], tasks: asyncio.TaskGroup
    ) -> None:
        """`execute` carries one entry out; `finished` is told of each that was. A lane's task exists while it has entries."""
        self._execute = execute
        self._finished = finished
        self._tasks = tasks
        self._lanes: dict[tuple[SessionId, Kind], _Lane] = {}

    def __len__(self) -> int:
        """Entries that wait or are under way."""
        return sum(len(lane.queue) + (lane.at_hand is not None) for lane in self._lanes.values())

    def offer(self, item: Accepted) -> bool:
        """Puts a command into its queue; False while that is full."""
        kind, refusal = Kind.WAITING if item.may_wait else Kind.PROMPT, None
        if kind is Kind.WAITING and self._length(item, kind) >= WAITING_CAPACITY:
            kind, refusal = Kind.PROMPT, TOO_MANY_WAITING
        if kind is Kind.PROMPT and self._length(item, kind) >= PROMPT_CAPACITY:
            return False
        key = item.command.session, kind
        lane = self._lanes.setdefault(key, _Lane())
        lane.queue.append(Entry(item, refusal))
        if lane.task is None:
            name = f"commands {item.command.session} {kind.name.lower()}"
            lane.task = self._tasks.create_task(self._run(key, lane), name=name)
        return True

    def has_room(self, item: Accepted) -> bool:
        """Whether `offer` would take it now."""
        return item.may_wait or self._length(item, Kind.PROMPT) < PROMPT_CAPACITY

    def drop(self) -> None:
        """Forgets every command that was not begun; those that were go on. Kafka hands the others over again."""
        for key, lane in list(self._lanes.items()):
            lane.queue.clear()
            if lane.at_hand is not None and lane.at_hand.begun:
                lane.at_hand.moved = True
            else:
                if lane.task is not None:
                    lane.task.cancel()
                del self._lanes[key]

    async def idle(self) -> None:
        """Returns once nothing is under way that was when this was called."""
        tasks = [lane.task for lane in self._lanes.values() if lane.task is not None]
        if tasks:
            await asyncio.wait(tasks)

    def _length(self, item: Accepted, kind: Kind) -> int:
        lane = self._lanes.get((item.command.session, kind))
        return 0 if lane is None else len(lane.queue)

    async def _run(self, key: tuple[SessionId, Kind], lane: _Lane) -> None:
        while lane.queue:
            entry = lane.at_hand = lane.queue.popleft()
            try:
                await self._execute(entry)
            except OvertakenError:
                log.info("command_left", session=entry.item.command.session, command=entry.item.command.id)
            else:
                self._finished(entry.item)
            lane.at_hand = None
        del self._lanes[key]
