"""A command's life as the API sees it: recorded, published, awaited (design: "A command's life")."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pymongo
from pymongo.errors import DuplicateKeyError, PyMongoError
from starlette.requests import ClientDisconnect

from waypost_api.commands.operations import Operations, operation_of, outcome_of
from waypost_api.commands.publication import Publication, unanswered
from waypost_api.commands.publisher import CommandPublisher
from waypost_api.commands.visibility import Gone, Visibility
from waypost_api.commands.waiters import Waiters, Waiting
from waypost_api.metrics import UNANSWERED, Metrics
from waypost_api.queries.generations import Generations
from waypost_common.commands import CommandEnvelope
from waypost_common.crash_points import NO_CRASH, CrashPoint, CrashPoints
from waypost_common.documents import OperationDocument
from waypost_common.errors import ConflictError, UnavailableError
from waypost_common.identifiers import CommandId, OrganizationId
from waypost_common.mongo import is_outage
from waypost_common.outcomes import Outcome
from waypost_common.trail import NO_TRAIL, Trail

FIRST_LOOK_S: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    command: CommandEnvelope
    backend: str | None = None
    """Whose connectors carry it out; None: the store does."""
    request_hash: str
    idempotency_key: str | None
    generation: int
    """The generation that the answer will be read from: only its outcomes count."""
    trail: Trail = NO_TRAIL


class CommandExecutor:
    def __init__(
        self,
        operations: Operations,
        publisher: CommandPublisher,
        waiters: Waiters,
        generations: Generations,
        metrics: Metrics,
        *,
        database_timeout_s: float,
        monotonic: Callable[[], float] = time.monotonic,
        now_ms: Callable[[], int] = lambda: int(time.time() * 1000),
        crash: CrashPoints = NO_CRASH,
    ) -> None:
        self._operations = operations
        self._publication = Publication(operations, publisher, metrics, database_timeout_s=database_timeout_s, now_ms=now_ms)
        self._waiters = waiters
        self._visibility = Visibility(generations, database_timeout_s=database_timeout_s, monotonic=monotonic)
        self._metrics = metrics
        self._database_timeout_s = database_timeout_s
        self._monotonic = monotonic
        self._now_ms = now_ms
        self._crash = crash

    async def run(self, submission: Submission, *, gone: Gone) -> Outcome:
        """Publishes the command and waits for its outcome, at the longest until its deadline or until the client is `gone`.

        Raises UnavailableError without an outcome (with `details.operation` once it may have been published), ConflictError
        for an idempotency key that was used for another request, and ClientDisconnect; the operation goes on without us.
        """
        command = submission.command
        # Not from what the clock says later: it may jump meanwhile.
        ends = self._monotonic() + (command.deadline - command.issued_at) / 1_000
        self._publication.check()
        keyed = submission.idempotency_key is not None
        if keyed and (earlier := await self._record(submission)) is not None:
            return await self.replay(
                earlier, submission.request_hash, generation=submission.generation, gone=gone, trail=submission.trail
            )
        with self._waiters.register(command.id, generation=submission.generation) as waiting:
            try:
                await (self._publish_recorded(submission) if keyed else self._record_beside_publishing(submission))
                outcome = await self._outcome(
                    waiting,
                    command.id,
                    command.organization,
                    generation=submission.generation,
                    ends=ends,
                    gone=gone,
                )
            except UnavailableError:
                self._note(command, UNANSWERED)
                raise
        self._note(command, outcome.status.value)
        return outcome

    def _note(self, command: CommandEnvelope, status: str) -> None:
        self._metrics.command_seconds.labels(status).observe((self._now_ms() - command.issued_at) / 1_000)

    async def start(self, submission: Submission) -> OperationDocument:
        """Publishes the command and returns its record at once: the record is there before the command is."""
        self._publication.check()
        if (earlier := await self._record(submission)) is not None:
            await self.accept_again(earlier, submission.request_hash, trail=submission.trail)
            return earlier
        await self._publish_recorded(submission)
        return _operation_of(submission)

    async def accept_again(self, earlier: OperationDocument, request_hash: str, *, trail: Trail) -> None:
        """Of a request that came before: sees to its command being published, in a second at most.

        Raises ConflictError when the earlier request asked for something else, and UnavailableError.
        """
        require_same_request(earlier, request_hash)
        await asyncio.sleep(self._publication.seconds_left(earlier))
        await self._publication.publish_left_behind(earlier, trail=trail)

    async def replay(
        self, earlier: OperationDocument, request_hash: str, *, generation: int, gone: Gone, trail: Trail
    ) -> Outcome:
        """The first outcome of a request that came before, waited for while it is under way; nothing runs a second time.

        Raises ConflictError when the earlier request asked for something else, and what `run` raises without an outcome.
        """
        require_same_request(earlier, request_hash)
        ends = self._monotonic() + max(0, earlier["deadline"] - self._now_ms()) / 1_000
        outcome = outcome_of(earlier)
        if outcome is not None and await self._visibility.shown_in(generation, outcome):
            return await self._visibility.until_shown(outcome, generation=generation, ends=ends, gone=gone)
        command = CommandId(earlier["_id"])
        with self._waiters.register(command, generation=generation) as waiting:
            either: set[asyncio.Future[Any]] = {waiting, gone}
            seconds = self._publication.seconds_left(earlier)
            ended, _ = await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if not ended:
                await self._publication.publish_left_behind(earlier, trail=trail)
            return await self._outcome(
                waiting,
                command,
                earlier["organization"],
                generation=generation,
                ends=ends,
                gone=gone,
            )

    async def _record(self, submission: Submission) -> OperationDocument | None:
        """None when recorded now, else the record that holds the idempotency key already."""
        command = submission.command
        operation = _operation_of(submission)
        try:
            with pymongo.timeout(self._database_timeout_s):
                await self._operations.insert(operation)
        except DuplicateKeyError:
            with pymongo.timeout(self._database_timeout_s):
                if submission.idempotency_key is not None:
                    earlier = await self._operations.find_by_key(command.organization, submission.idempotency_key)
                    if earlier is not None:
                        return earlier
                # An executor or an outcome was quicker and has recorded the command itself.
                await self._operations.complete(operation)
        return None

    async def _publish_recorded(self, submission: Submission) -> None:
        self._crash.passed(CrashPoint.API_AFTER_RECORD)
        await self._publish(submission)

    async def _publish(self, submission: Submission) -> None:
        await self._publication.publish(submission.command, backend=submission.backend, trail=submission.trail)

    async def _record_beside_publishing(self, submission: Submission) -> None:
        recorded, published = await asyncio.gather(self._record(submission), self._publish(submission), return_exceptions=True)
        if isinstance(published, BaseException):
            raise published
        if isinstance(recorded, PyMongoError) and is_outage(recorded):
            raise unanswered(submission.command.id, "the operation could not be recorded; it may have been done") from recorded
        if isinstance(recorded, BaseException):
            raise recorded

    async def _outcome(
        self,
        waiting: Waiting,
        command: CommandId,
        organization: OrganizationId,
        *,
        generation: int,
        ends: float,
        gone: Gone,
    ) -> Outcome:
        """`ends`: by the monotonic clock, s."""
        pause = FIRST_LOOK_S
        either: set[asyncio.Future[Any]] = {waiting, gone}
        self._crash.passed(CrashPoint.API_WAITING)
        while True:
            remaining = max(0.0, ends - self._monotonic())
            await asyncio.wait(either, timeout=min(pause, remaining), return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return await self._visibility.until_shown(waiting.result(), generation=generation, ends=ends, gone=gone)
            if gone.done():
                raise ClientDisconnect
            outcome = await self._recorded_outcome(organization, command, generation)
            if outcome is not None:
                self._metrics.outcomes.labels(outcome.status.value, "record").inc()
                return await self._visibility.until_shown(outcome, generation=generation, ends=ends, gone=gone)
            if self._monotonic() >= ends:
                raise unanswered(command, "no answer in time; the operation tells what becomes of it")
            pause *= 2

    async def _recorded_outcome(self, organization: OrganizationId, command: CommandId, generation: int) -> Outcome | None:
        try:
            with pymongo.timeout(self._database_timeout_s):
                operation = await self._operations.find(organization, command)
            outcome = None if operation is None else outcome_of(operation)
            return outcome if outcome is not None and await self._visibility.shown_in(generation, outcome) else None
        except PyMongoError as error:
            if not is_outage(error):
                raise
            return None


def _operation_of(submission: Submission) -> OperationDocument:
    return operation_of(
        submission.command,
        request_hash=submission.request_hash,
        idempotency_key=submission.idempotency_key,
        backend=submission.backend,
    )


def require_same_request(earlier: OperationDocument, request_hash: str) -> None:
    if earlier["requestHash"] != request_hash:
        raise ConflictError("this Idempotency-Key was used for another request; use a new key")
