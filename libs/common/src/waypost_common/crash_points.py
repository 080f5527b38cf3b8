"""Named places at which a test has a process kill itself (SIGKILL): `WAYPOST_CRASH_AT=ingest.after_write:3`.

Each lies between two steps of which a crash may leave the first done and the second not. What holds nevertheless, and the test
that shows it, stands in docs/reliability.md.
"""

import os
import signal
from dataclasses import dataclass
from enum import Enum
from typing import Final

STANDARD_ERROR: Final = 2


class CrashPoint(Enum):
    """Before it, and after it."""

    INGEST_BEFORE_WRITE = "ingest.before_write"
    """A batch is folded in memory; nothing of it is stored."""
    INGEST_AFTER_BULK = "ingest.after_bulk"
    """One bulk of a batch is stored, of whichever collection; of the others nobody knows."""
    INGEST_BEFORE_CHATS = "ingest.before_chats"
    """Messages, members, groups, channels, contacts and sessions of a batch are stored; its chats are not."""
    INGEST_AFTER_WRITE = "ingest.after_write"
    """All documents of a batch are stored; no outcome is published."""
    INGEST_AFTER_OUTCOME = "ingest.after_outcome"
    """The dead letters and outcomes of a batch are published; its positions are not saved."""
    INGEST_AFTER_POSITIONS = "ingest.after_positions"
    """The positions of a batch are saved; Kafka was not told of them."""
    CONSUMPTION_REVOKED = "consumption.revoked"
    """The group takes partitions away; the batch at hand is not finished, what is safe is not committed."""
    STORE_AFTER_CLAIM = "store.after_claim"
    """A batch of commands is claimed in MongoDB; their events are not published."""
    STORE_AFTER_PUBLISH = "store.after_publish"
    """The events of a batch of commands are published; the batch is not committed."""
    CONNECTOR_AFTER_CLAIM = "connector.after_claim"
    """A live command is claimed; WhatsApp is not called."""
    CONNECTOR_AFTER_CALL = "connector.after_call"
    """WhatsApp has answered the call of a live command; its events are not published."""
    CONNECTOR_AFTER_PUBLISH = "connector.after_publish"
    """The events of a call are published; its command is not committed."""
    CONNECTOR_BEFORE_ACKNOWLEDGE = "connector.before_acknowledge"
    """Events that arrived are published; WhatsApp is not told that they were taken."""
    API_AFTER_RECORD = "api.after_record"
    """A request with an idempotency key, or one that is not waited for, is recorded; its command is not published."""
    API_WAITING = "api.waiting"
    """A command is published; its outcome is waited for."""


@dataclass(frozen=True)
class CrashAt:
    point: CrashPoint
    passing: int
    """Counted from 1."""

    @classmethod
    def parsed(cls, text: str) -> "CrashAt":
        """Of `name:passing`, or `name` for the first. Raises ValueError, which tells the names."""
        name, _, passing = text.partition(":")
        try:
            at = cls(CrashPoint(name), int(passing or 1))
        except ValueError:
            at = None
        if at is None or at.passing < 1:
            names = ", ".join(point.value for point in CrashPoint)
            raise ValueError(f"should be the name of a crash point, a colon and a number from 1 on; the names: {names}")
        return at


class CrashPoints:
    """Counts the passings of one point in this process. Without one it does nothing."""

    def __init__(self, at: str | None = None) -> None:
        self._at = None if at is None else CrashAt.parsed(at)
        self._passed = 0

    def passed(self, point: CrashPoint) -> None:
        """Does not return at the passing that was asked for: says so on standard error, and kills this process."""
        if self._at is None or self._at.point is not point:
            return
        self._passed += 1
        if self._passed == self._at.passing:
            # Past all that buffers: nothing is flushed hereafter.
            os.write(STANDARD_ERROR, f"{last_words(point, self._passed)}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)


def last_words(point: CrashPoint, passing: int) -> str:
    return f"killed at the crash point {point.value}:{passing}"


NO_CRASH: Final = CrashPoints()
