"""A loop that is to end finishes its batch, and waits for nothing else."""

import asyncio

from aiokafka.errors import ConsumerStoppedError
from tests.unit.waypost_common.fake_consumer import P0
from tests.unit.waypost_common.scene import Scene, beside

from waypost_common.consumption import RetryLaterError


async def test_stopping_finishes_the_batch_at_hand_and_commits_it() -> None:
    scene = Scene({P0: 2})
    scene.handler.gate.clear()

    async def stop() -> None:
        await scene.handler.entered.wait()
        scene.loop.stop()
        scene.handler.gate.set()

    await beside(scene.run(), stop)
    assert scene.last_commit == {P0: 2}


async def test_stopping_ends_a_wait_for_records_at_once_and_commits_what_was_made_safe() -> None:
    scene = Scene({P0: 2})
    waits = asyncio.Event()

    async def wait_for_ever() -> None:
        waits.set()
        await asyncio.Event().wait()

    scene.consumer.wait_when_empty = wait_for_ever

    async def stop() -> None:
        await waits.wait()
        scene.loop.stop()
        scene.loop.stop()

    await beside(scene.run(), stop)
    assert scene.last_commit == {P0: 2}


async def test_nothing_more_is_polled_when_the_loop_is_stopped_while_partitions_are_started() -> None:
    scene = Scene({P0: 1})
    scene.handler.when_assigned = scene.loop.stop
    await scene.run()
    assert scene.consumer.polls == []


async def test_a_consumer_that_is_stopped_from_outside_ends_the_loop() -> None:
    scene = Scene({P0: 1})
    scene.consumer.poll_errors = [ConsumerStoppedError()]
    await scene.run()
    assert scene.handler.batches == []


async def test_waiting_for_an_outage_to_end_stops_when_told_to() -> None:
    scene = Scene({P0: 1})
    scene.handler.process_errors = [RetryLaterError("away")] * 100
    await scene.run()
    assert len(scene.handler.batches) == 1
    assert scene.consumer.commits == []
