"""The log is lost without a copy: the documents are kept, and a new log goes on where they end (docs/operations.md)."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from tests.faults.history import make_history, modelled
from tests.faults.test_topics import make_again, offsets
from tests.faults.thorough import thorough
from tests.plugins.pipeline import Pipeline
from tests.properties.stored_view import stored_view

from waypost_common.topics import EVENTS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(480)]

PROGRAM = Path(__file__).parents[2] / "docs/advance_log.py"


@thorough
async def test_a_new_log_goes_on_where_the_documents_end(pipeline: Pipeline) -> None:
    history = make_history(2_000)
    service = await pipeline.start("waypost-ingest")
    await pipeline.publish(history.events[:1_500], history.headers_of)
    await pipeline.until_applied()
    assert await asyncio.to_thread(service.end, signal.SIGTERM) == 0
    lost, reached = await pipeline.read_all(), await offsets(pipeline)
    assert await advance(pipeline) == 1, "the log that is there holds events"

    await make_again(pipeline, EVENTS)
    assert await advance(pipeline) == 0
    assert await pipeline.ends() == {partition: offset + 1 for partition, offset in reached.items()}
    assert await advance(pipeline) == 0, "it may be repeated"

    service.start()
    await pipeline.publish(history.events[1_500:], history.headers_of)
    await pipeline.until_applied()
    new = await pipeline.read_all()
    assert len(lost) + len(new) == len(history.events), "nothing is left of what filled it"
    view, _ = modelled([*lost, *new])
    assert await stored_view(pipeline.database) == view, "as if the log had never been lost"
    assert await asyncio.to_thread(service.end, signal.SIGTERM) == 0
    assert await advance(pipeline) == 1, "the new log holds events"


async def advance(pipeline: Pipeline) -> int:
    """The program's exit code."""
    program = await asyncio.create_subprocess_exec(sys.executable, str(PROGRAM), env=os.environ | pipeline.environment)
    return await program.wait()
