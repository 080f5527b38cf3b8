"""The subscriber runs our loop where FastStream would run its own, and tells when it ended by itself."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError
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


@pytest.mark.parametrize("persistent", [True, False])
async def test_a_broker_keeps_those_that_come_and_go_no_longer_than_their_owner(persistent: bool) -> None:
    settings = KafkaSettings()
    broker = create_broker(settings, client_id="unit")
    one = subscribe(
        broker, settings, topic=TOPIC, group="g", handler=None, describe=describe, max_records=10, persistent=persistent
    )
    assert broker.subscribers == [one]
    del one
    gc.collect()
    assert len(broker.subscribers) == persistent


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
    def __init__(self, clock: Clock, log: Mapping[TopicPartition, int]) -> None:
        super().__init__(clock, log)
        self.answers = asyncio.Event()
        self.answers.set()
        self.closed = asyncio.Event()

    @property
    def stopped(self) -> bool:
        return self.closed.is_set()

    async def stop(self) -> None:
        await self.answers.wait()
        self.closed.set()


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


async def test_stopping_does_not_wait_for_a_batch_longer_than_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriber_module, "STOP_DEADLINE_S", 0.01)
    consumer = StoppableConsumer(Clock(), {P0: 2})
    handler = RecordingHandler(consumer)
    handler.gate.clear()
    one = subscribed(handler)
    one.consumer = consumer  # type: ignore[assignment]
    one.add_task(one._run_consume_loop, (consumer,))
    async with asyncio.timeout(5):
        await handler.entered.wait()
        await one.stop()
    assert consumer.stopped
    assert consumer.commits == []


async def test_a_kafka_that_is_silent_is_not_waited_for_yet_its_consumer_is_closed_to_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(subscriber_module, "LEAVE_DEADLINE_S", 0.01)
    consumer = StoppableConsumer(Clock(), {P0: 2})
    consumer.answers.clear()
    one = subscribed()
    one.consumer = consumer  # type: ignore[assignment]
    async with asyncio.timeout(5):
        await one.stop()
        await one.stop()
        assert not consumer.stopped
        consumer.answers.set()
        await consumer.closed.wait()


async def started_with(consumer: StoppableConsumer, wait: Callable[[], Awaitable[Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    """A start that opens the consumer, and then ends as `wait` does."""

    async def start(self: LoopSubscriber) -> None:
        self.consumer = consumer  # type: ignore[assignment]
        await wait()

    monkeypatch.setattr("waypost_common.subscriber.BatchSubscriber.start", start)
    await subscribed().start()


async def test_a_start_that_fails_leaves_nothing_open_and_waits_for_no_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused() -> None:
        raise KafkaConnectionError

    consumer = StoppableConsumer(Clock(), {P0: 2})
    with pytest.raises(KafkaConnectionError):
        async with asyncio.timeout(5):
            await started_with(consumer, refused, monkeypatch)
    assert consumer.stopped


async def test_a_start_that_is_broken_off_leaves_nothing_open_either(monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = StoppableConsumer(Clock(), {P0: 2})
    entered = asyncio.Event()

    async def waiting_for_others() -> None:
        entered.set()
        await asyncio.Event().wait()

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        starting = tasks.create_task(started_with(consumer, waiting_for_others, monkeypatch), name="start")
        await entered.wait()
        starting.cancel()
    assert consumer.stopped


async def test_a_subscriber_that_is_started_can_tell_its_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    async def start(_: object) -> None:
        pass

    monkeypatch.setattr("waypost_common.subscriber.BatchSubscriber.start", start)
    one = subscribed()
    await one.start()
    assert isinstance(one.failure, asyncio.Future)
    assert not one.failure.done()
