"""Partitions are given up and taken in order: a batch at hand ends first, and new ones wait until they are started."""

import asyncio
from typing import Any

from tests.unit.waypost_common.fake_consumer import P0, P1
from tests.unit.waypost_common.scene import Scene, beside

from waypost_common.consumption import RetryLaterError


async def test_revocation_waits_for_the_batch_at_hand_and_commits_it() -> None:
    scene = Scene({P0: 2, P1: 2}, max_records=2)
    scene.handler.gate.clear()

    async def revoke() -> None:
        await scene.handler.entered.wait()
        async with asyncio.TaskGroup() as tasks:
            revocation = tasks.create_task(scene.rebalance(P1), name="rebalance")
            await asyncio.sleep(0)
            assert not revocation.done()
            assert scene.consumer.commits == []
            scene.handler.gate.set()
        assert scene.last_commit == {P0: 2}

    await beside(scene.run(), revoke)


async def test_no_further_batch_begins_once_a_revocation_waits() -> None:
    scene = Scene({P0: 4}, max_records=1)
    scene.handler.gate.clear()
    during: list[Any] = []

    async def revoke() -> None:
        await scene.handler.entered.wait()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(scene.loop.on_partitions_revoked([P0]), name="revocation")
            await asyncio.sleep(0)
            scene.handler.gate.set()
        during.extend(scene.handler.batches)

    await beside(scene.run(), revoke)
    assert during == [{P0: [0]}]


async def test_revocation_gives_up_on_a_batch_that_takes_longer_than_the_deadline() -> None:
    scene = Scene({P0: 2}, deadline_s=0.01)
    scene.handler.gate.clear()

    async def revoke() -> None:
        await scene.handler.entered.wait()
        await scene.rebalance()
        assert scene.consumer.commits == []
        scene.handler.gate.set()

    await beside(scene.run(), revoke)
    assert scene.consumer.commits == []


async def test_a_batch_that_outlives_its_assignment_moves_nothing_of_the_next_one() -> None:
    scene = Scene({P0: 2}, deadline_s=0.01, starts={P0: 1})
    scene.handler.gate.clear()

    async def revoke() -> None:
        await scene.handler.entered.wait()
        await scene.rebalance(P0)
        scene.handler.answers = [{P0: 1}]
        scene.handler.gate.set()

    await beside(scene.run(), revoke)
    assert scene.handler.calls[1:3] == [("process", {P0: [1]}), ("assigned", frozenset({P0}))]
    assert scene.last_commit == {P0: 2}


async def test_a_partition_assigned_in_a_rebalance_is_paused_until_the_handler_has_said_where_to_start() -> None:
    scene = Scene({P0: 1, P1: 1})
    scene.consumer.rebalance([P0])
    rebalanced = False

    def then_rebalance() -> None:
        scene.consumer.rebalance([P0, P1])

    async def rebalance() -> None:
        nonlocal rebalanced
        await scene.handler.entered.wait()
        await scene.loop.on_partitions_revoked([P0])
        then_rebalance()
        await scene.loop.on_partitions_assigned([P0, P1])
        assert scene.consumer.paused == {P0, P1}
        assert not scene.loop.ready
        rebalanced = True

    scene.stop_when(lambda: rebalanced and scene.loop.ready)
    await beside(scene.run(), rebalance)
    assert scene.handler.calls[2:] == [("assigned", frozenset({P0, P1})), ("process", {P0: [0], P1: [0]})]


async def test_a_rebalance_during_an_outage_leaves_the_new_partitions_paused_until_they_are_started() -> None:
    scene = Scene({P0: 1, P1: 1})
    scene.consumer.rebalance([P0])
    scene.handler.process_errors = [RetryLaterError("away")]
    rebalanced = False

    async def rebalance() -> None:
        nonlocal rebalanced
        await scene.handler.entered.wait()
        await scene.rebalance(P0, P1)
        rebalanced = True

    scene.stop_when(lambda: rebalanced and len(scene.handler.batches) == 2)
    await beside(scene.run(), rebalance)
    names = [name for name, _ in scene.handler.calls]
    assert names == ["assigned", "process", "assigned", "process"]
    assert scene.handler.batches[1] == {P0: [0], P1: [0]}


async def test_a_partition_revoked_while_the_handler_is_asked_is_not_started() -> None:
    scene = Scene({P0: 1, P1: 1})
    assigned = scene.handler.assigned

    async def lose_one(partitions: Any, consumer: Any) -> Any:
        answer = await assigned(partitions, consumer)
        if P1 in partitions:
            await scene.rebalance(P0)
        return answer

    scene.handler.assigned = lose_one  # type: ignore[method-assign]
    await scene.run()
    assert scene.handler.batches == [{P0: [0]}]


async def test_a_member_is_ready_once_all_its_partitions_are_started() -> None:
    scene = Scene({P0: 0})
    assert not scene.loop.ready
    await scene.loop.on_partitions_assigned([P0])
    assert not scene.loop.ready
    await scene.run()
    assert scene.loop.ready


async def test_a_member_that_got_no_partitions_is_ready() -> None:
    scene = Scene({})
    await scene.loop.on_partitions_assigned([])
    assert scene.loop.ready


async def test_a_rebalance_before_the_loop_runs_has_nothing_to_wait_for() -> None:
    scene = Scene({P0: 1})
    await scene.rebalance(P0)
    assert scene.consumer.commits == []
    await scene.run()
    assert scene.handler.batches == [{P0: [0]}]
