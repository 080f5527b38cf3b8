"""The pipeline as an operator sees it: what comes, what waits, what was set aside, and which documents are read."""

from collections.abc import Mapping, Sequence
from typing import cast

from typing_extensions import TypedDict

from waypost_api.views.documented import documented
from waypost_common.identifiers import EpochMs
from waypost_common.report.dead_letters import DeadLetters
from waypost_common.report.lag import PartitionLag, worst
from waypost_common.report.pipeline import PipelineStatus
from waypost_common.report.throughput import Spread


@documented
class ConsumedPartition(TypedDict):
    group: str
    topic: str
    partition: int
    nextOffset: int | None
    """The first record not taken yet; null when nothing says where the consumer is."""
    logStart: int
    logEnd: int
    lag: int
    """Records."""
    oldestUnprocessedMs: int | None
    """Age of the first record not taken yet; null without lag."""


@documented
class ConsumerGroup(TypedDict):
    group: str
    members: int
    lag: int
    oldestUnprocessedMs: int | None


@documented
class DocumentGeneration(TypedDict):
    """A copy of the documents that a rebuild makes beside the one that is read."""

    generation: int
    state: str
    group: str
    behind: int
    """Events that are not folded into it yet."""
    events: int
    """Events that the log holds."""


@documented
class DeadLetterQueue(TypedDict):
    topic: str
    count: int
    byReason: dict[str, int]
    """Of the newest some hundred."""
    newestAt: int | None


@documented
class Hop(TypedDict):
    """How long one part of the way took."""

    hop: str
    """`seen_to_logged`, `logged_to_read`: of the newest 1,000 events that this replica read live, which it does only while a
    stream of events is open at it. `chat_command_to_outcome`, `message_command_to_outcome`, …: of the newest 500 commands that
    were carried out or refused."""
    count: int
    p50Ms: int | None
    p99Ms: int | None


@documented
class Throughput(TypedDict):
    """Events a second that were written to the log, by the times their writers gave them."""

    last10s: float
    last60s: float


@documented
class Pipeline(TypedDict):
    at: int
    generation: int
    """Of the documents that are read."""
    making: list[DocumentGeneration]
    eventsPerSecond: Throughput
    groups: list[ConsumerGroup]
    partitions: list[ConsumedPartition]
    deadLetters: list[DeadLetterQueue]
    """Without those that were replayed or dropped."""
    hops: list[Hop]


def pipeline_view(
    status: PipelineStatus,
    letters: Sequence[DeadLetters],
    rates: Mapping[int, float],
    hops: Mapping[str, Spread],
    *,
    at: EpochMs,
) -> Pipeline:
    return {
        "at": at,
        "generation": status.generation,
        "making": [
            {
                "generation": one.generation,
                "state": one.state.value,
                "group": one.group,
                "behind": sum(lag.lag for lag in status.lags if lag.group == one.group),
                "events": sum(lag.log_end - lag.log_start for lag in status.lags if lag.group == one.group),
            }
            for one in status.making
        ],
        "eventsPerSecond": {"last10s": round(rates.get(10, 0.0), 2), "last60s": round(rates.get(60, 0.0), 2)},
        "groups": [_group(group, members, status.lags) for group, members in status.members.items()],
        "partitions": [cast("ConsumedPartition", lag.to_json()) for lag in status.lags],
        "deadLetters": [cast("DeadLetterQueue", found.to_json()) for found in letters],
        "hops": [
            {"hop": name, "count": one.count, "p50Ms": one.p50_ms, "p99Ms": one.p99_ms} for name, one in sorted(hops.items())
        ],
    }


def _group(group: str, members: int, lags: Sequence[PartitionLag]) -> ConsumerGroup:
    own = [lag for lag in lags if lag.group == group]
    oldest = worst(own)
    return {
        "group": group,
        "members": members,
        "lag": sum(lag.lag for lag in own),
        "oldestUnprocessedMs": None if oldest is None else oldest.oldest_ms,
    }
