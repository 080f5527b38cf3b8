"""What the simulated network writes, through Kafka and the ingest process, against two other ways to the same documents."""

import random
from typing import Any

import orjson
import pytest
from tests.events import event
from tests.plugins.pipeline import Pipeline
from tests.properties.reference import ReferenceModel
from tests.properties.reference.records import Record
from tests.properties.stored_view import all_documents, stored_view

from waypost_common.events import Event, subject_of
from waypost_connector.simulated.world import generate_events
from waypost_projection.logged import Logged, decode
from waypost_projection.storage import ProjectionStorage
from waypost_projection.writer import ProjectionWriter

pytestmark = pytest.mark.slow


def with_deletions_and_redelivery(events: list[Event], seed: int) -> list[Event]:
    """The simulator's output with what else a log holds: chats deleted, events published twice, late acknowledgements."""
    chance = random.Random(seed)
    log: list[Event] = []
    late: list[Event] = []
    for one in events:
        if one.event == "message.status" and chance.random() < 0.3:
            late.append(one)
            continue
        log.append(one)
        subject = subject_of(one)
        if chance.random() < 0.02:
            log.append(one)
        if subject is not None and one.event == "message" and chance.random() < 0.01:
            change = {"chatJid": subject, "change": "deleted"}
            log.append(event("chat.update", change, session=one.session, organization=one.organization, timestamp=one.timestamp))
        if chance.random() < 0.05 and late:
            log.append(late.pop(0))
    return log + late


async def test_the_simulators_log_folds_to_the_documents_of_the_model_and_of_a_fold_from_the_start(pipeline: Pipeline) -> None:
    events = with_deletions_and_redelivery(list(generate_events(seed=7, count=4_000, sessions=2, chats=60, history=300)), seed=7)
    ingest = await pipeline.start("waypost-ingest", WAYPOST_BATCH_MAX_RECORDS="97")
    await pipeline.publish(events)
    await pipeline.until_applied()
    assert ingest.end() == 0

    records = await pipeline.read_all()
    assert len(records) == len(events)
    live = await all_documents(pipeline.database)
    assert sum(map(len, live.values())) > 1_000

    writer = ProjectionWriter(ProjectionStorage(pipeline.database, generation=2))
    for batch in batched_records(records, 1_000):
        decoded = [decode(record) for record in batch]
        assert all(isinstance(one, Logged) for one in decoded)
        await writer.apply([one for one in decoded if isinstance(one, Logged)])
    rebuilt = {name: {one["_id"]: one async for one in pipeline.database[f"{name}_g2"].find({})} for name in live}
    assert rebuilt == live

    assert await stored_view(pipeline.database) == modelled(records)


def batched_records(records: list[Any], size: int) -> list[list[Any]]:
    return [records[start : start + size] for start in range(0, len(records), size)]


def modelled(records: list[Any]) -> dict[str, Any]:
    model = ReferenceModel()
    for record in records:
        value = orjson.loads(record.value)
        model.apply(Record(record.partition, record.offset, record.key.decode(), value, {"event": value["event"]}))
    return model.view()
