"""An event that can never be applied, wherever it stands in its partition, holds nothing up: not even a start after it."""

import asyncio
import signal

import pytest
from tests.events import ALICE, SESSION, message
from tests.plugins.pipeline import Pipeline

from waypost_common.topics import EVENTS_DLQ

pytestmark = pytest.mark.slow

KEY = f"{SESSION}|{ALICE}"


async def test_poison_as_the_first_a_middle_and_the_last_event_of_a_partition(pipeline: Pipeline) -> None:
    await pipeline.publish_raw(b"first", KEY)
    await pipeline.publish([message("A"), message("B")])
    await pipeline.publish_raw(b"middle", KEY)
    await pipeline.publish([message("C")])
    await pipeline.publish_raw(b"last", KEY)
    ingest = await pipeline.start("waypost-ingest")
    await pipeline.until_applied()
    assert await asyncio.to_thread(ingest.end, signal.SIGTERM) == 0

    ingest.start()  # where the last applied event is one without an id to compare
    await ingest.until_ready()
    await pipeline.publish([message("D")])
    await pipeline.until_applied()
    assert ingest.is_running
    stored = [one["messageId"] async for one in pipeline.database["messages"].find({}).sort("offset", 1)]
    assert stored == ["A", "B", "C", "D"]
    assert [letter.value for letter in await pipeline.read_all(EVENTS_DLQ)] == [b"first", b"middle", b"last"]
