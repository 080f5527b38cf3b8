"""Joining a generation that is made beside the live one, on real servers."""

import asyncio
import signal
import time
from collections.abc import Collection

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from tests.plugins.pipeline import Pipeline
from tests.processes import eventually

from waypost_common.generations import GenerationState
from waypost_common.subscriber import STOP_DEADLINE_S
from waypost_common.topics import EVENTS, INGEST_GROUP, group_name, topic_name
from waypost_store.rebuild.records import GenerationRecords


class HoldingBack(ConsumerRebalanceListener):
    """A member that does not let go of its partitions: whoever joins the group waits for it."""

    def __init__(self) -> None:
        self.others_wait = asyncio.Event()
        self.let_go = asyncio.Event()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        if revoked:
            self.others_wait.set()
            await self.let_go.wait()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        pass


async def test_sigterm_amid_a_join_that_waits_for_others_ends_ingest_soon(pipeline: Pipeline) -> None:
    kafka, holding_back = pipeline.settings.kafka, HoldingBack()
    member = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap_servers, group_id=group_name(kafka, INGEST_GROUP, 2))
    member.subscribe([topic_name(kafka, EVENTS)], listener=holding_back)
    async with member:
        ingest = await pipeline.start("waypost-ingest")
        await GenerationRecords(pipeline.database).begin(2, carried=[])
        await GenerationRecords(pipeline.database).move(2, GenerationState.BUILDING, out_of={GenerationState.PREPARING})
        try:
            async with asyncio.timeout(60):
                await holding_back.others_wait.wait()
            began = time.monotonic()
            ingest.send_signal(signal.SIGTERM)
            # Kafka answers a join only when all have let go. Not the process's end is timed, which a busy machine draws out.
            await eventually(lambda: "group_not_left" in ingest.log, lambda: ingest.log)
            assert time.monotonic() - began < STOP_DEADLINE_S, ingest.log
            assert await asyncio.to_thread(ingest.wait) == 0, ingest.log
        finally:
            holding_back.let_go.set()
