"""What holds a row that is not reached, in one line each; the profiles are in docs/performance.md. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from benchmarks.measurement import Measurement

LIMITS: Final[Mapping[str, str]] = {
    "ingest": "one process decodes and folds (53 % of a batch's time, all in Python) and waits for MongoDB (46 %) in turn",
    "messages": "decoding, validating and folding, which neither reference does, take 54 % of ingest's CPU",
    "processes": "two processes, mongod and the clock share the cores: what each needs more is waiting for the others",
    "readable": "a batch waits for MongoDB four times in turn (rules R3 and R4), and an event for half a batch and its own",
    "change": "eight waits in turn over four hops, three of them for a majority's acknowledgement",
    "list-chats": "the look at the session in the same query, twice as many fields, key, permissions, cursor, metrics",
    "rebuild": "the same work as live ingest on the same cores, giving way every 100 events; rounds differ by more",
    "idle": "150 wake-ups a second of four processes: heartbeats, fetches, looks at fences and at sessions' wishes",
}
"""By the name of the row."""
UNKNOWN: Final = "no profile yet: see docs/performance.md for how the others were made"


def unreached(measurements: Sequence[Measurement]) -> str:
    """A line for each row of which something is not what was wanted; empty where all is."""
    rows = dict.fromkeys(one.row for one in measurements if one.reached is False)
    return "".join(f"- {row} is held by: {LIMITS.get(row, UNKNOWN)}\n" for row in rows)
