"""Carries out one live command: whether it may start, the call, and the one outcome (rule R6)."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from random import Random
from time import monotonic
from typing import Final, Protocol, TypeVar

import structlog

from waypost_common.claims import SESSION_NOT_FOUND, TOO_LATE, Claim, ClaimState, Decision, Finish, Start, recorded_outcome
from waypost_common.clock import now_ms
from waypost_common.commands import CommandEnvelope
from waypost_common.consumption import RetryLaterError
from waypost_common.crash_points import NO_CRASH, CrashPoint, CrashPoints
from waypost_common.dead_letters import DeadLetter, DeadLetterReason, note_dead_letter
from waypost_common.errors import ErrorCode
from waypost_common.live_commands import REPEATABLE, LiveCommand, MessageSendCommand
from waypost_common.mongo import Document
from waypost_common.outcomes import OutcomeStatus
from waypost_common.topics import COMMANDS_DLQ
from waypost_common.tracing import NO_TRACING, Kind, Tracing, handling
from waypost_connector.backoff import delays
from waypost_connector.live.budgets import SendBudgets
from waypost_connector.live.calls import Call, Done, Ended
from waypost_connector.live.entry import Entry
from waypost_connector.live.intake import Accepted
from waypost_connector.live.metrics import LiveMetrics
from waypost_connector.live.output import Output
from waypost_connector.live.sessions import CallableSessions, Line

log = structlog.stdlib.get_logger(__name__)

T = TypeVar("T")

SETTLE_SECONDS: Final = 2.0
"""The outcome of a call that a crash cut after Kafka had its event is on its way through ingest and the store: so long."""
FIRST_LOOK_SECONDS: Final = 0.05

NOT_CONNECTED: Final = Finish(
    status=OutcomeStatus.EXPIRED,
    code=ErrorCode.GATEWAY_UNAVAILABLE,
    message="the session was not connected to WhatsApp before the deadline",
)
UNSUPPORTED: Final = Finish(
    status=OutcomeStatus.NOT_SUPPORTED, code=ErrorCode.NOT_IMPLEMENTED, message="the session's connector cannot do this"
)
CUT_SHORT: Final = "the command was started and its end is not known: it may have happened"


class Bookkeeping(Protocol):
    """What is asked of `waypost_connector.live.ledger.Ledger`."""

    async def owns(self, command: CommandEnvelope) -> bool: ...

    async def claim(self, command: CommandEnvelope, decision: Decision) -> Claim: ...

    async def finished(self, command: CommandEnvelope) -> Document | None: ...


class Executor:
    def __init__(
        self,
        sessions: CallableSessions,
        ledger: Bookkeeping,
        output: Output,
        budgets: SendBudgets,
        metrics: LiveMetrics,
        *,
        operations: Collection[str],
        tracing: Tracing = NO_TRACING,
        crash: CrashPoints = NO_CRASH,
    ) -> None:
        self._sessions = sessions
        self._ledger = ledger
        self._output = output
        self._budgets = budgets
        self._metrics = metrics
        self._operations = operations
        self._tracing = tracing
        self._crash = crash

    async def execute(self, entry: Entry) -> None:
        """Returns once nothing is left to do but to commit: outages of MongoDB and Kafka are waited out.

        May be cancelled while `entry.begun` is not set: nothing was claimed then. Raises ConsumptionStoppedError, and
        OvertakenError when another process owns the session now: it gets the command again, and tells what became of it.
        """
        item, command = entry.item, entry.item.command
        with structlog.contextvars.bound_contextvars(
            command=command.id, session=command.session, request_id=item.trail.request_id
        ):
            span = handling(self._tracing, item.record, command=command.id, kind=command.command, parent=item.trail.traceparent)
            entry.item = replace(item, trail=item.trail.under(span.traceparent))
            await self._execute(entry)
            span.end()

    async def _execute(self, entry: Entry) -> None:
        item, command = entry.item, entry.item.command
        decision, line = await self._prepare(entry)
        sends = isinstance(command, MessageSendCommand) and isinstance(decision, Start)
        if sends:
            decision = await self._take_budget(item)
        entry.begun = True
        claimed = await _patiently(lambda: self._ledger.claim(command, decision))
        runs = isinstance(decision, Start) and (
            claimed.state is ClaimState.WON or (claimed.state is ClaimState.STARTED_BEFORE and command.command in REPEATABLE)
        )
        if sends and isinstance(decision, Start) and not runs:
            self._budgets.give_back(command.session)
        if runs and line is not None:
            if sends:
                await _patiently(lambda: self._budgets.keep(command.session))
            self._crash.passed(CrashPoint.CONNECTOR_AFTER_CLAIM)
            span = self._tracing.span(
                "call WhatsApp",
                Kind.CLIENT,
                parent=item.trail.traceparent,
                attributes={"waypost.command": command.id, "waypost.command.type": command.command},
            )
            ended = await Call(self._sessions, self._metrics).make(entry, line)
            span.end(failed=isinstance(ended, Ended))
            self._crash.passed(CrashPoint.CONNECTOR_AFTER_CALL)
            await self._tell(item, ended)
            if not item.may_wait:
                self._metrics.hop_seconds.observe((now_ms() - item.record.timestamp) / 1_000)
            self._crash.passed(CrashPoint.CONNECTOR_AFTER_PUBLISH)
        else:
            await self._tell_without_call(item, decision, claimed)

    async def _prepare(self, entry: Entry) -> tuple[Decision, Line | None]:
        command = entry.item.command
        if entry.refusal is not None:
            return entry.refusal, None
        if not await _patiently(lambda: self._ledger.owns(command)):
            return SESSION_NOT_FOUND, None
        if command.command not in self._operations:
            return UNSUPPORTED, None
        if _seconds_left(command) <= 0:
            return TOO_LATE, None
        try:
            async with asyncio.timeout(_seconds_left(command)):
                return Start(), await self._sessions.line_for(command)
        except TimeoutError:
            return NOT_CONNECTED, None

    async def _take_budget(self, item: Accepted) -> Decision:
        command = item.command
        while (wait := await _patiently(lambda: self._budgets.take(command.session))) > 0:
            if not item.may_wait:
                return Finish(
                    status=OutcomeStatus.REJECTED,
                    code=ErrorCode.RATE_LIMITED,
                    message="this session has sent as much as it may for now",
                    result={"retryAfterSeconds": math.ceil(wait)},
                )
            left = _seconds_left(command)
            if left <= 0:
                return TOO_LATE
            await asyncio.sleep(min(wait, left))
        return Start()

    async def _tell(self, item: Accepted, ended: Done | Ended) -> None:
        if isinstance(ended, Done):
            self._note(item, OutcomeStatus.SUCCEEDED.value)
            await self._output.success(item, ended.line, ended.result)
        else:
            self._note(item, ended.status.value)
            await self._output.outcome(item, ended.status, code=ended.code, message=ended.message, result=ended.result)

    async def _tell_without_call(self, item: Accepted, decision: Decision, claimed: Claim) -> None:
        match claimed.state, decision:
            case ClaimState.ANOTHER, _:
                letter = DeadLetter(
                    record=item.record,
                    reason=DeadLetterReason.ORGANIZATION_MISMATCH,
                    detail="id: belongs to an operation of another session or organization",
                )
                note_dead_letter(letter, self._metrics.dead_letters, COMMANDS_DLQ)
                await _patiently(lambda: self._output.dead_letters([letter]))
            case ClaimState.FINISHED_BEFORE, _ if claimed.operation is not None:
                await self._repeat(item, claimed.operation)
            case ClaimState.WON, Finish():
                self._note(item, decision.status.value)
                await self._output.outcome(
                    item, decision.status, code=decision.code, message=decision.message, result=decision.result
                )
            case _:
                await self._settle(item)

    async def _settle(self, item: Accepted) -> None:
        """Another process started it and its end was not recorded: waits for an outcome that is on its way, else `unknown`."""
        until = monotonic() + SETTLE_SECONDS
        looks = delays(Random(), first=FIRST_LOOK_SECONDS, longest=0.5)
        while (operation := await _patiently(lambda: self._ledger.finished(item.command))) is None:
            if monotonic() > until:
                self._note(item, OutcomeStatus.UNKNOWN.value)
                await self._output.outcome(item, OutcomeStatus.UNKNOWN, code=ErrorCode.GATEWAY_UNAVAILABLE, message=CUT_SHORT)
                return
            await asyncio.sleep(next(looks))
        await self._repeat(item, operation)

    async def _repeat(self, item: Accepted, operation: Document) -> None:
        self._note(item, "finished_before")
        await self._output.repeat(item, recorded_outcome(operation, now_ms()))

    def _note(self, item: Accepted, result: str) -> None:
        self._metrics.commands.labels(item.command.command, result).inc()
        log.info("command_done", type=item.command.command, result=result)


def _seconds_left(command: LiveCommand) -> float:
    return (command.deadline - now_ms()) / 1_000


async def _patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Asks until there is an answer."""
    waits = delays(Random())
    while True:
        try:
            return await ask()
        except RetryLaterError as error:
            log.warning("waiting_for_a_dependency", reason=str(error))
            await asyncio.sleep(next(waits))
