"""What `waypost status` prints for people."""

from dataclasses import replace

from waypost_common.generations import GenerationState
from waypost_common.report.dead_letters import DeadLetters
from waypost_common.report.lag import PartitionLag
from waypost_common.report.pipeline import MakingGeneration
from waypost_store.cli.status import status_lines
from waypost_store.report.status import SystemStatus


def test_only_partitions_that_are_behind_have_a_line_of_their_own() -> None:
    status = SystemStatus(
        generation=1,
        lags=[lag(0, next_offset=10, oldest_ms=None), lag(1, next_offset=7, oldest_ms=2_500)],
        members={"waypost.ingest": 2},
        dead_letters=[DeadLetters(topic="wa.events.dlq", count=3, by_reason={"not_json": 3}, newest_at=1)],
        sessions={"working": 2},
        operations={},
        removed_sessions=3,
        unpurged_sessions=1,
        clock_skew_ms=-4,
    )
    assert status_lines(status) == [
        "generation   1",
        "clock skew   -4 ms",
        "waypost.ingest   2 members, 2 partitions, 3 behind, oldest 2.5 s",
        "  partition 1   lag 3   oldest 2.5 s",
        "wa.events.dlq   3 dead letters (not_json 3)",
        "sessions     2 working",
        "removed      3 sessions, 1 not purged yet",
        "operations   none",
    ]


def test_a_generation_that_is_made_has_its_state_and_its_group_a_line() -> None:
    status = SystemStatus(
        generation=1,
        making=[MakingGeneration(generation=2, state=GenerationState.BUILDING, group="waypost.ingest.g2")],
        lags=[replace(lag(0, next_offset=4, oldest_ms=1_000), group="waypost.ingest.g2")],
        members={"waypost.ingest.g2": 1},
        dead_letters=[],
        sessions={},
        operations={},
        removed_sessions=0,
        unpurged_sessions=0,
        clock_skew_ms=0,
    )
    assert status_lines(status)[:4] == [
        "generation   1",
        "generation   2 is building",
        "clock skew   0 ms",
        "waypost.ingest.g2   1 member, 1 partition, 6 behind, oldest 1.0 s",
    ]
    assert status.to_json()["making"] == [{"generation": 2, "state": "building", "group": "waypost.ingest.g2"}]


def test_one_of_a_thing_is_not_called_many() -> None:
    status = SystemStatus(
        generation=1,
        lags=[lag(0, next_offset=10, oldest_ms=None)],
        members={"waypost.ingest": 1},
        dead_letters=[DeadLetters(topic="wa.events.dlq", count=1, by_reason={}, newest_at=1)],
        sessions={},
        operations={},
        removed_sessions=0,
        unpurged_sessions=0,
        clock_skew_ms=0,
    )
    assert status_lines(status)[2:4] == [
        "waypost.ingest   1 member, 1 partition, up to date",
        "wa.events.dlq   1 dead letter",
    ]


def lag(partition: int, *, next_offset: int, oldest_ms: int | None) -> PartitionLag:
    return PartitionLag(
        group="waypost.ingest",
        topic="wa.events",
        partition=partition,
        next_offset=next_offset,
        log_start=0,
        log_end=10,
        oldest_ms=oldest_ms,
    )
