"""Has aiokafka take a connection that uvloop has closed already for one that broke."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiokafka.conn
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError, KafkaError


def take_closed_for_broken() -> None:
    """For every connection that aiokafka opens from now on in this process. Idempotent.

    A broker that dies closes its connections a moment before their readers hear of it. To write to one in that moment does
    nothing on asyncio's own loop, and raises RuntimeError on uvloop (0.23, `UVHandle._ensure_alive`). aiokafka (0.14,
    `AIOKafkaConnection.send`; its issue 1038) expects an OSError only: the error then ends, without a word, the task of a client
    that looks for the leaders and coordinators of partitions, and that client reads and writes no more once one has moved.
    """
    aiokafka.conn.AIOKafkaConnection = Connection  # type: ignore[misc]


class Connection(AIOKafkaConnection):
    """Of one client to one broker."""

    def send(self, request: Any, expect_response: bool = True) -> Any:
        """Returns what is to be awaited for the answer. Raises KafkaConnectionError when the connection is not there any more."""
        with self._broken_when_closed():
            return super().send(request, expect_response)  # type: ignore[no-untyped-call]

    def _send_sasl_token(self, payload: Any, expect_response: bool = True) -> Any:
        with self._broken_when_closed():
            return super()._send_sasl_token(payload, expect_response)  # type: ignore[no-untyped-call]

    @contextmanager
    def _broken_when_closed(self) -> Iterator[None]:
        try:
            yield
        except KafkaError:
            raise
        except RuntimeError as error:
            self.close(reason=CloseReason.CONNECTION_BROKEN)  # type: ignore[no-untyped-call]
            raise KafkaConnectionError(f"Connection at {self.host}:{self.port} broken: {error}") from error
