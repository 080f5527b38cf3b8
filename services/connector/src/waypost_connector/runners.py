"""The sessions that this process serves: one runner each, begun and ended as what is wanted of them changes."""

import asyncio
from collections.abc import Sequence
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Final

import structlog

from waypost_common.identifiers import SessionId
from waypost_connector.assignment import Assignment
from waypost_connector.owned_session import Surroundings
from waypost_connector.session_runner import SessionRunner
from waypost_connector.wishes import Wish

log = structlog.stdlib.get_logger(__name__)

AGAIN_SECONDS: Final = 2.0
"""How often it is looked whether a session that another process took is free."""


@dataclass(frozen=True)
class Overtaken:
    """A session that another process took. A newer assignment gives it back; an older one only where nobody has it any more.

    For this process may have been told of its newest assignment before it saw that another one had been at work.
    """

    generation: int
    """The assignment at that time."""
    again_at: float
    """When it is looked at again whether it is free."""


class Runners:
    def __init__(self, surroundings: Surroundings, assignment: Assignment, tasks: asyncio.TaskGroup) -> None:
        self._surroundings = surroundings
        self._assignment = assignment
        self._tasks = tasks
        self._running: dict[SessionRunner, asyncio.Task[None]] = {}
        self._overtaken: dict[SessionId, Overtaken] = {}

    def __len__(self) -> int:
        return len(self._running)

    def follow(self, wishes: Sequence[Wish]) -> None:
        """Begins and ends sessions so that just these are served, as is wanted of them."""
        wanted = {wish.device.session: wish for wish in wishes}
        for runner in self._running:
            wish = wanted.pop(runner.device.session, None)
            if wish is None:
                runner.stop()
            else:
                runner.want(wish)
        for wish in wanted.values():
            overtaken = self._overtaken.get(wish.device.session)
            if overtaken is None or overtaken.generation != self._assignment.generation:
                self._begin(wish)
            elif overtaken.again_at <= monotonic():
                self._begin(wish, only_if_free=True)

    def stop(self) -> None:
        """They take nothing more."""
        for runner in self._running:
            runner.stop()

    async def end(self, seconds: float) -> None:
        """What they took is brought to Kafka, within so many seconds; what is not is delivered again later."""
        self.stop()
        if self._running:
            _, late = await asyncio.wait(self._running.values(), timeout=seconds)
            if late:
                log.warning("sessions_stopped_unflushed", sessions=len(late))
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _begin(self, wish: Wish, *, only_if_free: bool = False) -> None:
        runner = SessionRunner(wish.device, self._surroundings)
        runner.want(wish)
        session, context = wish.device.session, copy_context()
        context.run(structlog.contextvars.bind_contextvars, session=session)  # every line of its log names it
        task = self._running[runner] = self._tasks.create_task(
            runner.run(only_if_free=only_if_free), name=f"session {session}", context=context
        )
        task.add_done_callback(partial(self._forget, runner))

    def _forget(self, runner: SessionRunner, _task: asyncio.Task[None]) -> None:
        del self._running[runner]
        if runner.was_overtaken:
            self._overtaken[runner.device.session] = Overtaken(self._assignment.generation, monotonic() + AGAIN_SECONDS)
        else:
            self._overtaken.pop(runner.device.session, None)
