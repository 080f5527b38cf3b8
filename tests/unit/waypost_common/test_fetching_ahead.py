"""Whether the next records are fetched while a batch is at hand."""

from typing import Any

import pytest
from aiokafka import TopicPartition
from tests.unit.waypost_common.fake_consumer import P0, P1
from tests.unit.waypost_common.scene import Scene


async def test_nothing_is_fetched_while_a_small_batch_is_at_hand_so_that_the_next_one_holds_all_that_came_meanwhile() -> None:
    scene = Scene({P0: 2, P1: 1}, max_records=4)
    paused = paused_during_each_batch(scene)
    await scene.run()
    assert scene.handler.batches == [{P0: [0, 1], P1: [0]}]
    assert paused == [{P0, P1}]
    assert scene.consumer.paused == set()


async def test_the_next_records_are_fetched_while_a_full_batch_is_at_hand() -> None:
    scene = Scene({P0: 4}, max_records=2)
    paused = paused_during_each_batch(scene)
    await scene.run()
    assert scene.handler.batches == [{P0: [0, 1]}, {P0: [2, 3]}]
    assert paused == [set(), set()]


async def test_partitions_are_fetched_again_after_a_batch_that_failed() -> None:
    scene = Scene({P0: 1})
    scene.handler.process_errors = [ZeroDivisionError("a bug")]
    with pytest.raises(ZeroDivisionError):
        await scene.run()
    assert scene.consumer.paused == set()


def paused_during_each_batch(scene: Scene) -> list[set[TopicPartition]]:
    paused: list[set[TopicPartition]] = []
    process = scene.handler.process

    async def looking(batch: Any) -> Any:
        paused.append(set(scene.consumer.paused))
        return await process(batch)

    scene.handler.process = looking  # type: ignore[method-assign]
    return paused
