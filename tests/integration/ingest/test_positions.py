"""Where ingest starts reading, and which logs it refuses (rule R4)."""

import pytest
from tests.events import message
from tests.plugins.pipeline import PARTITIONS, Pipeline

from waypost_common.events import encode_event
from waypost_common.topics import EVENTS, EVENTS_DLQ, topic_name

pytestmark = pytest.mark.slow

KEY = "S1|6281234567890@s.whatsapp.net"
POISON, ANOTHER_POISON = b"{", b"["


async def test_without_a_migration_it_says_what_to_run(pipeline: Pipeline) -> None:
    await pipeline.database["generations"].delete_many({})
    ingest = pipeline.process("waypost-ingest")
    ingest.start()
    assert ingest.wait() == 1
    assert "run `waypost migrate`" in ingest.log


@pytest.mark.parametrize("last", [encode_event(message("A")), POISON], ids=["after an event", "after a dead letter"])
async def test_a_topic_that_was_made_again_is_refused(pipeline: Pipeline, last: bytes) -> None:
    first = await pipeline.start("waypost-ingest")
    await pipeline.publish_raw(last, KEY)
    await pipeline.until_applied()
    assert first.end() == 0
    await _make_again(pipeline)
    for _ in range(2):
        await pipeline.publish_raw(ANOTHER_POISON, KEY)

    second = pipeline.process("waypost-ingest")
    second.start()
    assert second.wait() == 1
    assert "holds another event" in second.log


async def test_a_dead_letter_that_is_read_again_at_a_start_is_set_aside_once(pipeline: Pipeline) -> None:
    first = await pipeline.start("waypost-ingest")
    await pipeline.publish_raw(POISON, KEY)
    await pipeline.until_applied()
    assert first.end() == 0
    await pipeline.start("waypost-ingest")
    await pipeline.publish_raw(ANOTHER_POISON, KEY)
    await pipeline.until_applied()
    letters = await pipeline.read_all(EVENTS_DLQ)
    assert [letter.value for letter in letters] == [POISON, ANOTHER_POISON]


async def test_a_position_past_the_end_of_the_log_is_refused(pipeline: Pipeline) -> None:
    await pipeline.publish([message("A")])
    await pipeline.database["positions"].update_many({}, {"$set": {"offset": 1_000, "eventId": "evt_01J9ZX8K2QHV0M3T6R7P4N5W8C"}})
    ingest = pipeline.process("waypost-ingest")
    ingest.start()
    assert ingest.wait() == 1
    assert "was applied before" in ingest.log


async def test_kafkas_own_offsets_do_not_matter(pipeline: Pipeline) -> None:
    """Kafka forgets commits of a group that was away for long, and anyone may change them; positions are ours."""
    first = await pipeline.start("waypost-ingest")
    await pipeline.publish([message("A")])
    await pipeline.until_applied()
    assert first.end() == 0
    await pipeline.publish([message("B")])
    await pipeline.commit_ends()
    await pipeline.start("waypost-ingest")
    await pipeline.until_applied()
    assert await pipeline.database["messages"].count_documents({}) == 2


async def _make_again(pipeline: Pipeline) -> None:
    await pipeline.recreate_topic(topic_name(pipeline.settings.kafka, EVENTS), PARTITIONS)
