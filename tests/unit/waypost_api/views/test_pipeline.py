from waypost_api.views.pipeline import pipeline_view
from waypost_common.generations import GenerationState
from waypost_common.identifiers import EpochMs
from waypost_common.report.dead_letters import DeadLetters
from waypost_common.report.lag import PartitionLag
from waypost_common.report.pipeline import MakingGeneration, PipelineStatus
from waypost_common.report.throughput import Spread


def lag(group: str, partition: int, next_offset: int, *, oldest_ms: int | None = None) -> PartitionLag:
    return PartitionLag(
        group=group,
        topic="wa.events",
        partition=partition,
        next_offset=next_offset,
        log_start=0,
        log_end=100,
        oldest_ms=oldest_ms,
    )


STATUS = PipelineStatus(
    generation=1,
    lags=[lag("waypost.ingest", 0, 100), lag("waypost.ingest", 1, 90, oldest_ms=700), lag("waypost.ingest.g2", 0, 25)],
    members={"waypost.ingest": 2, "waypost.ingest.g2": 1, "waypost.store": 0},
    making=[MakingGeneration(generation=2, state=GenerationState.BUILDING, group="waypost.ingest.g2")],
)
VIEW = pipeline_view(
    STATUS,
    [DeadLetters(topic="wa.events.dlq", count=3, by_reason={"not_json": 3}, newest_at=5)],
    {10: 1.234, 60: 2},
    {"seen_to_logged": Spread(count=0, p50_ms=None, p99_ms=None)},
    at=EpochMs(9),
)


def test_a_group_tells_its_lag_over_all_partitions_and_its_oldest_record() -> None:
    assert VIEW["groups"][0] == {"group": "waypost.ingest", "members": 2, "lag": 10, "oldestUnprocessedMs": 700}
    assert VIEW["groups"][2] == {"group": "waypost.store", "members": 0, "lag": 0, "oldestUnprocessedMs": None}


def test_a_rebuild_tells_how_far_it_is() -> None:
    assert VIEW["making"] == [{"generation": 2, "state": "building", "group": "waypost.ingest.g2", "behind": 75, "events": 100}]


def test_what_comes_and_what_was_set_aside_is_told() -> None:
    assert VIEW["eventsPerSecond"] == {"last10s": 1.23, "last60s": 2}
    assert VIEW["deadLetters"] == [{"topic": "wa.events.dlq", "count": 3, "byReason": {"not_json": 3}, "newestAt": 5}]
    assert VIEW["hops"] == [{"hop": "seen_to_logged", "count": 0, "p50Ms": None, "p99Ms": None}]
    assert (VIEW["at"], VIEW["generation"], len(VIEW["partitions"])) == (9, 1, 3)
