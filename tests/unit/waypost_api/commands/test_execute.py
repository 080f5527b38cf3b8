import asyncio
from typing import Any, cast

import pytest

from waypost_api.commands.execute import CommandExecutor, Submission
from waypost_api.commands.operations import Operations
from waypost_api.commands.publisher import CommandPublisher
from waypost_api.commands.waiters import Waiters
from waypost_api.metrics import Metrics
from waypost_api.queries.generations import Generations
from waypost_common.commands import Actor, ChatCommandPayload, ChatReadCommand, CommandEnvelope
from waypost_common.errors import UnavailableError
from waypost_common.identifiers import EpochMs, Jid, OrganizationId, SessionId, new_command_id
from waypost_common.outcomes import Outcome, OutcomeStatus

NOW = 1_700_000_000_000
DEADLINE_MS = 2_000
COMMAND = ChatReadCommand(
    id=new_command_id(),
    session=SessionId("s1"),
    organization=OrganizationId("org_1"),
    actor=Actor(kind="api_key", id="key_1"),
    issued_at=EpochMs(NOW),
    deadline=EpochMs(NOW + DEADLINE_MS),
    payload=ChatCommandPayload(chat_jid=Jid("6281@s.whatsapp.net")),
)


SUBMISSION = Submission(command=COMMAND, request_hash="hash", idempotency_key=None, generation=1)
SUCCEEDED = Outcome(command=COMMAND.id, status=OutcomeStatus.SUCCEEDED, at=EpochMs(NOW), generation=1)
JUMPS_MS = [600_000, -600_000]


class Parts:
    """What the executor works with. The wall clock jumps once a command is published; each look takes a second."""

    def __init__(self, jump_ms: int, *, answered: bool) -> None:
        self.waiters = Waiters(Metrics())
        self.wall_ms = NOW
        self.seconds = 0.0
        self._jump_ms = jump_ms
        self._answered = answered

    def check(self) -> None:
        pass

    async def publish(self, command: CommandEnvelope, **_: object) -> None:
        self.wall_ms += self._jump_ms

    async def insert(self, operation: object) -> None:
        pass

    async def find(self, *_: object) -> None:
        self.seconds += 1
        if self._answered:
            self.waiters.resolve(SUCCEEDED)

    async def others(self, *_: object, **__: object) -> set[int]:
        return set()

    async def run(self) -> Outcome:
        part = cast("Any", self)
        executor = CommandExecutor(
            cast("Operations", part), cast("CommandPublisher", part), self.waiters, cast("Generations", part), Metrics(),
            database_timeout_s=1, monotonic=lambda: self.seconds, now_ms=lambda: self.wall_ms,
        )  # fmt: skip
        return await executor.run(SUBMISSION, gone=asyncio.get_running_loop().create_future())


@pytest.mark.parametrize("jump_ms", JUMPS_MS)
async def test_a_clock_that_jumps_while_a_request_waits_does_not_end_its_waiting(jump_ms: int) -> None:
    assert await Parts(jump_ms, answered=True).run() == SUCCEEDED


@pytest.mark.parametrize("jump_ms", JUMPS_MS)
async def test_a_clock_that_jumps_while_a_request_waits_does_not_prolong_its_waiting(jump_ms: int) -> None:
    parts = Parts(jump_ms, answered=False)
    with pytest.raises(UnavailableError, match="no answer in time"):
        await parts.run()
    assert parts.seconds == pytest.approx(DEADLINE_MS / 1_000, abs=1)
