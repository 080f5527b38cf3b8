"""Services that kill themselves at a crash point, and are started again without one."""

import asyncio
import signal
from collections.abc import Iterable

from tests.faults.thorough import ALL_ARE_WANTED
from tests.processes import Process

from waypost_common.crash_points import CrashAt, last_words

SETTING = "WAYPOST_CRASH_AT"
SHORT_SESSION = {"WAYPOST_KAFKA_SESSION_TIMEOUT_MS": "2000"}
"""So long does a group wait for a member that was killed."""


def cases(*quick: str, others: Iterable[str] = ()) -> list[str]:
    """`others` by `make faults` alone."""
    return [*quick, *(others if ALL_ARE_WANTED else ())]


def start_to_crash(process: Process, at: str) -> None:
    process.environment[SETTING] = at
    process.start()


async def until_killed_at(process: Process, at: str) -> None:
    """It died by SIGKILL, and its last words are that it is there."""
    assert await asyncio.to_thread(process.wait) == -signal.SIGKILL, process.log[-3_000:]
    expected = CrashAt.parsed(at)
    assert process.log.rstrip().rpartition("\n")[2] == last_words(expected.point, expected.passing)


def start_again(process: Process) -> None:
    del process.environment[SETTING]
    process.start()
