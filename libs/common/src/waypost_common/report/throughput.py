"""How many events come, and how long things take: as far as that can be told without asking the services."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from waypost_common.documents import Collection
from waypost_common.identifiers import EpochMs
from waypost_common.mongo import MongoDatabase
from waypost_common.outcomes import OutcomeStatus

NEWEST_COMMANDS: Final = 500
DONE: Final = (OutcomeStatus.SUCCEEDED.value, OutcomeStatus.REJECTED.value)
"""The others ended when their time ran out, which tells nothing of how long anything took."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Of durations in ms."""

    count: int
    p50_ms: int | None
    p99_ms: int | None


def spread(durations: Iterable[int]) -> Spread:
    """By nearest rank. Pure."""
    ordered = sorted(durations)
    if not ordered:
        return Spread(count=0, p50_ms=None, p99_ms=None)

    def rank(percent: int) -> int:
        return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]

    return Spread(count=len(ordered), p50_ms=rank(50), p99_ms=rank(99))


async def records_a_second(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition], seconds: Iterable[int], *, now: EpochMs
) -> dict[int, float]:
    """How many were written a second in the last so many seconds, by the records' own timestamps."""
    ends: Mapping[TopicPartition, int] = await consumer.end_offsets(list(partitions))
    rates = {}
    for length in seconds:
        found: Mapping[TopicPartition, Any] = await consumer.offsets_for_times(dict.fromkeys(partitions, now - length * 1_000))
        begins = {one: ends[one] if found.get(one) is None else found[one].offset for one in partitions}
        rates[length] = sum(max(0, ends[one] - begins[one]) for one in partitions) / length
    return rates


async def command_durations(database: MongoDatabase) -> dict[str, list[int]]:
    """From when a command was issued to its outcome, in ms, by what it begins with (`chat`): of the newest that were carried out
    or refused.
    """
    finished = {"status": {"$in": list(DONE)}, "finishedAt": {"$ne": None}, "createdAt": {"$ne": None}}
    fields = {"command": True, "createdAt": True, "finishedAt": True}
    found: dict[str, list[int]] = defaultdict(list)
    async for one in database[Collection.OPERATIONS].find(finished, fields).sort("_id", -1).limit(NEWEST_COMMANDS):
        kind = str(one.get("command") or "").partition(".")[0]
        found[kind].append(max(0, int(one["finishedAt"]) - int(one["createdAt"])))
    return found
