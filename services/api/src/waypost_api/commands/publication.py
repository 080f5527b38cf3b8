"""How a command gets onto the log, also one that was recorded and then left behind (a transactional outbox)."""

from collections.abc import Callable
from typing import Final

import pymongo

from waypost_api.commands.operations import Operations, command_in
from waypost_api.commands.publisher import CommandPublisher
from waypost_api.metrics import Metrics
from waypost_common.commands import CommandEnvelope
from waypost_common.documents import OperationDocument
from waypost_common.errors import UnavailableError
from waypost_common.identifiers import CommandId
from waypost_common.metrics import Hop
from waypost_common.trail import Trail

PUBLISH_AGAIN_AFTER_S: Final = 1.0
"""So long after its record a command is published, if it ever was. A copy would do no harm, but costs the executor a look."""


class Publication:
    def __init__(
        self,
        operations: Operations,
        publisher: CommandPublisher,
        metrics: Metrics,
        *,
        database_timeout_s: float,
        now_ms: Callable[[], int],
    ) -> None:
        self._operations = operations
        self._publisher = publisher
        self._metrics = metrics
        self._database_timeout_s = database_timeout_s
        self._now_ms = now_ms

    def check(self) -> None:
        """Raises UnavailableError when publishing is known to fail."""
        self._publisher.check()

    async def publish(self, command: CommandEnvelope, *, backend: str | None, trail: Trail) -> None:
        """Raises UnavailableError with `details.operation`: the command may yet arrive."""
        try:
            with self._metrics.hop_seconds.labels(Hop.PUBLISH).time():
                await self._publisher.publish(command, backend=backend, trail=trail)
        except UnavailableError as error:
            raise unanswered(command.id, error.message) from error

    def seconds_left(self, earlier: OperationDocument) -> float:
        """How long whoever recorded it may yet be about to publish it; 0 where nothing is left to publish."""
        if "outbox" not in earlier:
            return 0.0
        age_s = (self._now_ms() - earlier["createdAt"]) / 1_000
        return min(PUBLISH_AGAIN_AFTER_S, max(0.0, PUBLISH_AGAIN_AFTER_S - age_s))

    async def publish_left_behind(self, earlier: OperationDocument, *, trail: Trail) -> None:
        """Publishes what no executor has claimed yet: MongoDB or Kafka went away, or the API died, before it was published.

        Idempotent: it may be on the log already, and executors know a command by its id. Raises what `check` and `publish` raise.
        """
        if "outbox" not in earlier:
            return
        with pymongo.timeout(self._database_timeout_s):
            operation = await self._operations.find(earlier["organization"], earlier["_id"])
        if operation is None or "outbox" not in operation or operation["deadline"] <= self._now_ms():
            return
        self.check()
        outbox = operation["outbox"]
        await self.publish(command_in(outbox), backend=outbox["backend"], trail=trail)


def unanswered(command: CommandId, message: str) -> UnavailableError:
    return UnavailableError(message, details={"operation": command})
