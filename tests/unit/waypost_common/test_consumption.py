"""The loop hands records over once they may be, and commits what is safe (rules R4, R5)."""

from itertools import pairwise
from typing import Any

import pytest
from aiokafka.errors import (
    CommitFailedError,
    KafkaConnectionError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)
from tests.unit.waypost_common.fake_consumer import P0, P1, Clock, FakeConsumer
from tests.unit.waypost_common.scene import Scene

from waypost_common.consumption import ConsumptionLoop, ConsumptionStoppedError, RetryLaterError


async def test_records_are_handed_over_after_the_handler_has_said_where_to_start() -> None:
    scene = Scene({P0: 5}, starts={P0: 3})
    await scene.run()
    assert scene.handler.calls == [("assigned", frozenset({P0})), ("process", {P0: [3, 4]})]


async def test_no_record_is_dropped_while_the_handler_cannot_yet_say_where_to_start() -> None:
    scene = Scene({P0: 3})
    scene.handler.assigned_errors = [RetryLaterError("MongoDB is away")] * 3
    scene.stop_when(lambda: scene.handler.batches)
    await scene.run()
    assert scene.handler.batches == [{P0: [0, 1, 2]}]


async def test_a_batch_holds_no_more_records_than_allowed() -> None:
    scene = Scene({P0: 5}, max_records=2)
    await scene.run()
    assert scene.handler.batches == [{P0: [0, 1]}, {P0: [2, 3]}, {P0: [4]}]


async def test_the_same_records_come_again_after_an_outage() -> None:
    scene = Scene({P0: 2, P1: 1})
    scene.handler.process_errors = [RetryLaterError("MongoDB is away")]
    scene.stop_when(lambda: len(scene.handler.batches) == 2)
    await scene.run()
    assert scene.handler.batches == [{P0: [0, 1], P1: [0]}] * 2


async def test_an_unreadable_record_is_handed_over_empty_and_no_other_is_lost() -> None:
    scene = Scene({P0: 2, P1: 5})
    scene.consumer.unreadable = {(P1, 2)}
    await scene.run()
    assert scene.handler.batches == [{P0: [0, 1], P1: [0, 1, 2]}, {P1: [3, 4]}]
    assert scene.last_commit == {P0: 2, P1: 5}


async def test_unreadable_records_in_a_row_and_at_the_ends_are_each_handed_over_empty() -> None:
    scene = Scene({P0: 5})
    scene.consumer.unreadable = {(P0, 0), (P0, 1), (P0, 4)}
    values: list[bytes | None] = []
    process = scene.handler.process

    async def looking(batch: Any) -> Any:
        values.extend(record.value for record in batch[P0])
        return await process(batch)

    scene.handler.process = looking  # type: ignore[method-assign]
    await scene.run()
    assert values == [b"", b"", b"{}", b"{}", b""]
    assert scene.handler.batches == [{P0: [0]}, {P0: [1]}, {P0: [2, 3, 4]}]


async def test_a_failed_poll_loses_nothing_that_it_had_taken_already() -> None:
    scene = Scene({P0: 2})

    scene.stop_when(lambda: scene.handler.batches)
    poll = scene.consumer.getmany
    failures = [KafkaConnectionError("broker away")]

    async def taking(*only: Any, timeout_ms: int, max_records: int | None = None) -> Any:
        found = await poll(*only, timeout_ms=timeout_ms, max_records=max_records)
        if found and failures:
            raise failures.pop()
        return found

    scene.consumer.getmany = taking  # type: ignore[method-assign]
    await scene.run()
    assert scene.handler.batches == [{P0: [0, 1]}]


async def test_an_outage_keeps_the_loop_polling_with_everything_paused() -> None:
    scene = Scene({P0: 2})
    scene.handler.process_errors = [RetryLaterError("MongoDB is away")] * 3
    scene.stop_when(lambda: len(scene.handler.batches) == 4)
    await scene.run()
    while_waiting = [paused for paused in scene.consumer.polls if paused]
    assert len(while_waiting) >= 3
    assert set(while_waiting) == {frozenset({P0})}
    assert scene.consumer.paused == set()


async def test_the_pause_after_each_failure_doubles_up_to_a_limit_and_begins_anew_after_a_success() -> None:
    scene = Scene({P0: 1})
    failures = 8
    scene.handler.process_errors = [RetryLaterError("away")] * failures
    started: list[float] = []
    process = scene.handler.process

    async def timed(batch: Any) -> Any:
        started.append(scene.clock.now)
        return await process(batch)

    scene.handler.process = timed  # type: ignore[method-assign]

    def more() -> None:
        if len(started) == failures + 1:
            scene.handler.process_errors = [RetryLaterError("away")]
            scene.consumer.log[P0] = 2
        elif len(started) == failures + 3:
            scene.loop.stop()

    scene.consumer.on_empty_poll = more
    await scene.run()
    pauses = [round(after - before, 1) for before, after in pairwise(started)]
    assert pauses[:failures] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert pauses[-1] == 0.1


async def test_an_error_of_kafka_while_waiting_does_not_end_the_wait() -> None:
    scene = Scene({P0: 1})
    scene.handler.process_errors = [RetryLaterError("away")]
    scene.consumer.poll_errors = [None, KafkaConnectionError()]
    scene.stop_when(lambda: len(scene.handler.batches) == 2)
    await scene.run()
    assert len(scene.handler.batches) == 2


async def test_an_error_of_kafka_while_polling_is_waited_out() -> None:
    scene = Scene({P0: 1})
    scene.consumer.poll_errors = [KafkaConnectionError()]
    scene.stop_when(lambda: scene.handler.batches)
    await scene.run()
    assert scene.handler.batches == [{P0: [0]}]


async def test_a_partition_is_read_again_from_what_could_not_be_made_safe() -> None:
    scene = Scene({P0: 3, P1: 2})
    scene.handler.answers = [{P0: 1, P1: 2}]
    await scene.run()
    assert scene.handler.batches == [{P0: [0, 1, 2], P1: [0, 1]}, {P0: [1, 2]}]


async def test_a_partition_left_out_of_the_answer_is_read_again_from_the_start_of_the_batch() -> None:
    scene = Scene({P0: 2, P1: 2})
    scene.handler.answers = [{P1: 2}]
    await scene.run()
    assert scene.handler.batches == [{P0: [0, 1], P1: [0, 1]}, {P0: [0, 1]}]
    assert scene.last_commit == {P0: 2, P1: 2}


async def test_only_what_was_made_safe_is_committed() -> None:
    scene = Scene({P0: 3})
    scene.handler.answers = [{P0: 2}]
    scene.handler.process_errors = [None, ConsumptionStoppedError("no more")]
    with pytest.raises(ConsumptionStoppedError):
        await scene.run()
    await scene.loop.on_partitions_revoked([P0])
    assert scene.last_commit == {P0: 2}


async def test_offsets_are_committed_once_a_second() -> None:
    scene = Scene({P0: 4}, max_records=1)
    process = scene.handler.process

    async def slow(batch: Any) -> Any:
        scene.clock.now += 0.6
        return await process(batch)

    scene.handler.process = slow  # type: ignore[method-assign]
    await scene.run()
    assert [committed for _, committed in scene.consumer.commits] == [{P0: 2}, {P0: 4}]


async def test_what_is_committed_is_not_committed_again() -> None:
    scene = Scene({P0: 1})
    polls = 0

    def stop_after_five() -> None:
        nonlocal polls
        polls += 1
        if polls == 5:
            scene.loop.stop()

    scene.consumer.on_empty_poll = stop_after_five
    await scene.run()
    assert [committed for _, committed in scene.consumer.commits] == [{P0: 1}]


async def test_a_commit_that_fails_is_tried_again_later() -> None:
    scene = Scene({P0: 1})
    scene.consumer.commit_errors = [KafkaConnectionError()]
    scene.stop_when(lambda: scene.consumer.commits)
    await scene.run()
    assert scene.last_commit == {P0: 1}


async def test_a_commit_that_a_rebalance_refuses_is_not_tried_again() -> None:
    scene = Scene({P0: 1})
    scene.consumer.commit_errors = [CommitFailedError()]
    await scene.run()
    assert scene.consumer.commits == []
    assert scene.consumer.commit_errors == []


async def test_a_commit_leaves_out_partitions_that_are_no_longer_assigned() -> None:
    scene = Scene({P0: 1, P1: 1})
    process = scene.handler.process

    async def then_lose_one(batch: Any) -> Any:
        answer = await process(batch)
        scene.consumer.on_empty_poll = lose_one
        return answer

    def lose_one() -> None:
        scene.consumer.assigned.discard(P1)
        scene.loop.stop()

    scene.handler.process = then_lose_one  # type: ignore[method-assign]
    await scene.run()
    assert scene.last_commit == {P0: 1}


async def test_a_bug_in_the_handler_ends_the_loop_with_nothing_committed() -> None:
    scene = Scene({P0: 1})
    scene.handler.process_errors = [ZeroDivisionError()]
    with pytest.raises(ZeroDivisionError):
        await scene.run()
    assert scene.consumer.commits == []
    assert scene.consumer.positions == {P0: 0}


async def test_a_loop_without_a_handler_says_so() -> None:
    clock = Clock()
    with pytest.raises(RuntimeError, match="without a handler"):
        await ConsumptionLoop(None, max_records=1, revoke_deadline_s=1).run(FakeConsumer(clock, {P0: 1}))  # type: ignore[arg-type]


async def test_a_missing_committed_offset_does_not_matter_since_the_handler_says_where_to_start() -> None:
    scene = Scene({P0: 1})
    scene.consumer.poll_errors = [NoOffsetForPartitionError(P0)]
    await scene.run()
    assert scene.handler.batches == [{P0: [0]}]


async def test_a_partition_whose_offset_is_out_of_range_is_started_anew_by_the_handler() -> None:
    scene = Scene({P0: 2, P1: 2}, max_records=2)
    scene.consumer.poll_errors = [None, OffsetOutOfRangeError({P0: 2})]
    await scene.run()
    assert scene.handler.calls == [
        ("assigned", frozenset({P0, P1})),
        ("process", {P0: [0, 1]}),
        ("assigned", frozenset({P0})),
        ("process", {P0: [0, 1]}),
        ("process", {P1: [0, 1]}),
    ]


async def test_an_offset_out_of_range_of_a_partition_that_is_gone_changes_nothing() -> None:
    scene = Scene({P0: 1})
    scene.consumer.poll_errors = [OffsetOutOfRangeError({P1: 7})]
    await scene.run()
    assert scene.handler.calls == [("assigned", frozenset({P0})), ("process", {P0: [0]})]
