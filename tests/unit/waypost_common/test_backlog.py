"""How far a consumer is behind, and for how long."""

from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from tests.unit.waypost_common.fake_consumer import P0, P1, record
from tests.unit.waypost_common.scene import Scene

from waypost_common.backlog import Backlog, BacklogCollector, Behind
from waypost_common.consumption import RetryLaterError

WRITTEN_S = record(P0, 0).timestamp / 1_000


def seconds(expected: float) -> Any:
    return pytest.approx(expected)


def backlog(*, seconds_after: float) -> Backlog:
    return Backlog(now=lambda: WRITTEN_S + seconds_after)


def test_a_record_at_hand_is_as_old_as_its_timestamp() -> None:
    one = backlog(seconds_after=7)
    one.took(P0, [record(P0, 0), record(P0, 1)])
    assert one.behind(P0, 2) == Behind(P0, 2, seconds(7))


def test_records_that_are_known_of_but_not_read_are_younger_than_the_last_that_was_handled() -> None:
    one = backlog(seconds_after=7)
    one.took(P0, [record(P0, 0)])
    one.took(P0, [record(P0, 0)], reached=1)
    assert one.behind(P0, 5) == Behind(P0, 5, seconds(7))


def test_what_comes_after_nothing_was_left_is_younger_than_that_moment() -> None:
    one = backlog(seconds_after=3_600)
    one.took(P0, [record(P0, 0)], reached=1)
    one.caught_up(P0)
    assert one.behind(P0, 1).oldest_s == 0


def test_nothing_waits_where_nothing_is_left() -> None:
    one = backlog(seconds_after=7)
    one.took(P0, [record(P0, 0)], reached=1)
    assert one.behind(P0, 0) == Behind(P0, 0, 0)


def test_a_part_that_was_handled_leaves_the_rest_waiting() -> None:
    one = backlog(seconds_after=7)
    one.took(P0, [record(P0, 0), record(P0, 1)], reached=1)
    assert one.behind(P0, 1) == Behind(P0, 1, seconds(7))


def test_a_clock_that_is_ahead_of_ours_makes_no_negative_age() -> None:
    one = backlog(seconds_after=-2)
    one.took(P0, [record(P0, 0)])
    assert one.behind(P0, 1).oldest_s == 0


async def test_a_loop_that_has_read_everything_is_not_behind() -> None:
    scene = Scene({P0: 5, P1: 0})
    await scene.run()
    assert set(scene.loop.behind()) == {Behind(P0, 0, 0), Behind(P1, 0, 0)}


async def test_a_loop_that_waits_for_a_dependency_tells_what_it_has_at_hand() -> None:
    scene = Scene({P0: 3})
    scene.handler.process_errors = [RetryLaterError("MongoDB is away"), RetryLaterError("MongoDB is away")]
    seen: list[Behind] = []

    def handled() -> bool:
        seen.extend(scene.loop.behind())
        return len(scene.handler.batches) == 3

    scene.stop_when(handled)
    await scene.run()
    assert seen[0].records == 3
    assert seen[0].oldest_s > 0
    assert seen[-1] == Behind(P0, 0, 0)


async def test_a_partition_that_was_given_away_is_told_no_more() -> None:
    scene = Scene({P0: 1, P1: 1})
    await scene.run()
    await scene.rebalance(P1)
    assert list(scene.loop.behind()) == []


def test_the_figures_name_topic_and_partition_and_nothing_else() -> None:
    registry = CollectorRegistry()
    BacklogCollector(registry).consumers = lambda: [Behind(P1, 4, 2.5)]
    labels = {"topic": "wa.events", "partition": "1"}
    assert registry.get_sample_value("waypost_consumer_lag_records", labels) == 4
    assert registry.get_sample_value("waypost_consumer_oldest_unprocessed_age_seconds", labels) == 2.5
