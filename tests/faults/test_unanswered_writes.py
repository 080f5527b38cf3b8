"""Ingest is killed when mongod has a bulk write and nobody has heard its answer: all is as if nothing had happened."""

import struct

import pytest
from tests.faults.crashes import SHORT_SESSION
from tests.faults.history import applied, assert_as_if_nothing_had_happened, logs, make_history
from tests.faults.tcp_proxy import TcpProxy
from tests.faults.thorough import thorough
from tests.plugins.pipeline import Pipeline
from tests.processes import eventually

pytestmark = pytest.mark.slow


@thorough
@pytest.mark.parametrize(("command", "collection"), [("insert", "messages"), ("update", "chats")])
async def test_ingest_killed_before_it_hears_what_became_of_a_bulk_write(
    pipeline: Pipeline, proxy: TcpProxy, command: str, collection: str
) -> None:
    history = make_history(5_000)
    await pipeline.publish(history.events, history.headers_of)
    ingest = pipeline.process(
        "waypost-ingest", WAYPOST_MONGO_URL=proxy.mongo_url, WAYPOST_BATCH_MAX_RECORDS="2500", **SHORT_SESSION
    )
    proxy.fall_silent_at(beginning_of(command, collection))
    ingest.start()

    async def carried_out() -> bool:
        return await pipeline.database[collection].find_one({}) is not None

    await eventually(lambda: proxy.holds_the_answer, lambda: f"mongod has answered\n{logs(pipeline)}", every=0.001)
    await eventually(carried_out, lambda: f"mongod has it\n{logs(pipeline)}", every=0.001)
    assert ingest.end(9) == -9
    assert await applied(pipeline) == 0
    await proxy.cut()
    await proxy.heal()
    ingest.start()
    await assert_as_if_nothing_had_happened(pipeline)


def beginning_of(command: str, collection: str) -> bytes:
    """As BSON has it: a string (type 2), its name, its length with the final zero, itself."""
    return b"\x02" + command.encode() + b"\0" + struct.pack("<i", len(collection) + 1) + collection.encode() + b"\0"
