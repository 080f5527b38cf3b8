"""The subscriber runs our loop where FastStream would run its own, and tells when it ended by itself."""

import asyncio
from typing import Any

import pytest
from tests.unit.waypost_common.fake_consumer import P0, TOPIC, Clock, FakeConsumer, RecordingHandler

from waypost_common import subscriber as subscriber_module
from waypost_common.broker import create_broker
from waypost_common.consumption import ConsumptionStoppedError
from waypost_common.settings import KafkaSettings
from waypost_common.subscriber import LoopSubscriber, subscribe


async def describe(records: list[bytes]) -> None:
    """What is consumed."""


def subscribed(handler: Any = None) -> LoopSubscriber:
    settings = KafkaSettings(session_timeout_ms=4_000)
    broker = create_broker(settings, client_id="unit")
    return subscribe(broker, settings, topic=TOPIC, group="g", handler=handler, describe=describe, max_records=10)


async def test_a_subscriber_belongs_to_its_broker_and_consumes_its_topic() -> None:
    settings = KafkaSettings()
    broker = create_broker(settings, client_id="unit")
    one = subscribe(broker, settings, topic=TOPIC, group="g", handler=None, describe=describe, max_records=10)
    assert one in broker.subscribers
    assert [str(topic) for topic in one.topic_names] == [TOPIC]
    assert one.group_id == "g"


async def test_the_loop_hears_of_rebalances_and_gives_up_on_a_batch_well_before_the_session_ends() -> None:
    one = subscribed()
    assert one._listener is one.loop
    assert one.loop._revoke_deadline_s == 2.0


async def test_records_go_through_the_loop() -> None:
    consumer = FakeConsumer(Clock(), {P0: 2})
    handler = RecordingHandler(consumer)
    one = subscribed(handler)
    consumer.on_empty_poll = one.loop.stop
    await one._run_consume_loop(consumer)  # type: ignore[arg-type]
    assert handler.batches == [{P0: [0, 1]}]


async def test_an_error_of_the_loop_is_kept_for_the_service() -> None:
    consumer = FakeConsumer(Clock(), {P0: 2})
    handler = RecordingHandler(consumer)
    handler.process_errors = [ConsumptionStoppedError("rebuild")] * 2
    one = subscribed(handler)
    one.failure = asyncio.get_running_loop().create_future()
    await one._run_consume_loop(consumer)  # type: ignore[arg-type]
    await one._run_consume_loop(consumer)  # type: ignore[arg-type]
    assert str(one.failure.exception()) == "rebuild"


async def test_a_subscriber_that_never_started_can_be_stopped() -> None:
    await subscribed().stop()


class StoppableConsumer(FakeConsumer):
    stopped = False

    async def stop(self) -> None:
        self.stopped = True


async def test_stopping_waits_for_the_batch_at_hand_before_the_group_is_left() -> None:
    consumer = StoppableConsumer(Clock(), {P0: 2})
    handler = RecordingHandler(consumer)
    handler.gate.clear()
    one = subscribed(handler)
    one.consumer = consumer  # type: ignore[assignment]
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(one._run_consume_loop(consumer), name="loop")  # type: ignore[arg-type]
        await handler.entered.wait()
        stopping = tasks.create_task(one.stop(), name="stop")
        await asyncio.sleep(0)
        assert not consumer.stopped
        handler.gate.set()
        await stopping
    assert consumer.commits[-1][1] == {P0: 2}
    assert consumer.stopped


async def test_stopping_does_not_wait_longer_than_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriber_module, "STOP_DEADLINE_S", 0.01)
    consumer = StoppableConsumer(Clock(), {P0: 2})
    one = subscribed(RecordingHandler(consumer))
    one.consumer = consumer  # type: ignore[assignment]
    await one.stop()
    assert consumer.stopped


async def test_a_subscriber_that_is_started_can_tell_its_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    async def start(_: object) -> None:
        pass

    monkeypatch.setattr("waypost_common.subscriber.BatchSubscriber.start", start)
    one = subscribed()
    await one.start()
    assert isinstance(one.failure, asyncio.Future)
    assert not one.failure.done()
