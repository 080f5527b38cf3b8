"""What the doctor makes of numbers."""

from typing import Any

from waypost_common.generations import GenerationState
from waypost_common.report.dead_letters import DeadLetters
from waypost_common.report.lag import PartitionLag
from waypost_common.report.pipeline import MakingGeneration
from waypost_store.report.findings import (
    dead_letter_findings,
    disk_findings,
    findings,
    lag_findings,
    member_findings,
    position_findings,
    skew_findings,
)
from waypost_store.report.status import SystemStatus

GROUP = "waypost.ingest"


def lag(**changes: Any) -> PartitionLag:
    values: dict[str, Any] = {
        "group": GROUP,
        "topic": "wa.events",
        "partition": 0,
        "next_offset": 5,
        "log_start": 0,
        "log_end": 10,
        "oldest_ms": 20_000,
    }
    return PartitionLag(**(values | changes))


def test_a_skew_of_more_than_a_second_is_told() -> None:
    assert skew_findings(1_000) == []
    assert "NTP" in skew_findings(-1_001)[0]


def test_a_group_that_nobody_reads_names_the_service_to_start() -> None:
    assert member_findings({GROUP: 1, "waypost.store": 1}) == []
    assert "start waypost-ingest" in member_findings({GROUP: 0})[0]


def test_a_connector_is_missed_only_where_one_was_ever_told_something() -> None:
    group = "waypost.connector.simulated"
    assert told(lags=[lag(group=group, log_end=0, next_offset=0)], members={group: 0}) == []
    assert "start waypost-connector" in told(lags=[lag(group=group)], members={group: 0})[0]
    behind = [lag(group=group)]
    assert "waypost-connector is 5 records behind" in told(lags=behind, members={group: 1})[0]


def test_a_generation_that_is_made_may_be_behind_but_not_stand_still() -> None:
    group = "waypost.ingest.g2"
    making = [MakingGeneration(generation=2, state=GenerationState.BUILDING, group=group)]
    before = {"lags": [lag(group=group)], "members": {group: 0}, "making": making}
    after = before | {"lags": [lag(group=group, next_offset=6)]}
    assert findings(status(**before), status(**after), now=0) == []
    [found] = told(**before)
    assert "generation 2 is building and stands still, 5 records behind" in found
    assert told(**before | {"lags": [lag(group=group, next_offset=10)]}) == []


def told(**values: Any) -> list[str]:
    """Of a system that was the same at both looks."""
    return findings(status(**values), status(**values), now=0)


def status(**values: Any) -> SystemStatus:
    counts: dict[str, Any] = {"sessions": {}, "operations": {}, "removed_sessions": 0, "unpurged_sessions": 0, "clock_skew_ms": 0}
    return SystemStatus(generation=1, dead_letters=[], **(counts | values))


def test_a_position_outside_the_log_is_told_with_its_cause() -> None:
    assert position_findings([lag()]) == []
    assert "made again" in position_findings([lag(next_offset=11)])[0]
    assert "deleted unread" in position_findings([lag(log_start=6)])[0]
    assert "waypost migrate" in position_findings([lag(next_offset=None)])[0]


def test_a_consumer_that_stands_still_is_told_from_one_that_is_slow() -> None:
    assert "stands still" in lag_findings([lag()], [lag()], {GROUP: 1})[0]
    assert "grows" in lag_findings([lag()], [lag(next_offset=6, log_end=20)], {GROUP: 1})[0]


def test_a_consumer_that_is_a_moment_behind_is_well() -> None:
    assert lag_findings([lag(oldest_ms=50)], [lag(oldest_ms=50)], {GROUP: 1}) == []
    assert lag_findings([lag()], [lag(next_offset=9)], {GROUP: 1}) == []


def test_lag_of_a_group_without_members_is_told_only_once() -> None:
    assert lag_findings([lag()], [lag()], {GROUP: 0}) == []


def test_dead_letters_of_the_last_day_are_told_by_reason() -> None:
    letters = DeadLetters(topic="wa.events.dlq", count=2, by_reason={"not_json": 2}, newest_at=1_000)
    assert "not_json" in dead_letter_findings([letters], now=2_000)[0]
    assert dead_letter_findings([letters], now=1_000 + 86_400_001) == []


def test_a_disk_that_is_nearly_full_is_told() -> None:
    assert disk_findings(50, 100) == []
    assert "95%" in disk_findings(95, 100)[0]
    assert disk_findings(0, 0) == []
