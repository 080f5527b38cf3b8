"""`waypost verify` on real servers: it finds what differs and nothing else, while ingest works."""

import asyncio
import json
import os
import signal
from typing import Any

import pytest
from tests.events import ALICE, event, message, working_session
from tests.faults.history import load, make_history, until_more_applied
from tests.plugins.pipeline import Pipeline
from tests.processes import PROGRAMS, eventually

from waypost_common.documents import PROJECTIONS, Collection, collection_name
from waypost_common.mongo import MongoDatabase
from waypost_store.errors import StoreError
from waypost_store.verify.differences import Difference
from waypost_store.verify.run import verify
from waypost_store.verify.verifier import Verified

SCRATCH = {collection_name(collection, 0) for collection in PROJECTIONS}
SECRET_TEXT = "Nobody but the two may read this"


async def verified(pipeline: Pipeline) -> tuple[Verified, list[Difference]]:
    found: list[Difference] = []
    result = await verify(pipeline.settings, session=None, report=lambda _line: None, found=found.append)
    return result, found


async def waypost(pipeline: Pipeline, *arguments: str) -> tuple[int | None, str]:
    """Exit code and standard output."""
    process = await asyncio.create_subprocess_exec(
        str(PROGRAMS / "waypost"), *arguments, env=os.environ | pipeline.environment, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    return process.returncode, out.decode()


async def scratch_collections(database: MongoDatabase) -> set[str]:
    return SCRATCH & set(await database.list_collection_names())


async def applied(pipeline: Pipeline, *events: Any) -> None:
    await pipeline.publish(events)
    service = await pipeline.start("waypost-ingest")
    await pipeline.until_applied()
    await asyncio.to_thread(service.end)


async def test_nothing_differs_while_events_are_applied(pipeline: Pipeline) -> None:
    async with load(pipeline, make_history(10_000), a_second=400):
        await pipeline.start("waypost-ingest", WAYPOST_BATCH_MAX_RECORDS="50")
        await until_more_applied(pipeline, 500)
        result, found = await verified(pipeline)
    assert found == []
    assert result.is_equal
    assert result.events > 500
    assert result.documents > 100
    assert await scratch_collections(pipeline.database) == set()


async def test_a_changed_a_missing_and_an_extra_document_are_found_by_name_and_without_text(pipeline: Pipeline) -> None:
    await applied(pipeline, working_session(), message("ONE", body=SECRET_TEXT), message("TWO"), working_session("S2"))
    database = pipeline.database
    await database[Collection.CHATS].update_one({"_id": f"S1|{ALICE}"}, {"$set": {"unreadCount": 7, "archived": True}})
    await database[Collection.MESSAGES].delete_one({"messageId": "TWO"})
    extra = await database[Collection.MESSAGES].find_one({"messageId": "ONE"})
    assert extra is not None
    await database[Collection.MESSAGES].insert_one(extra | {"_id": extra["_id"] + "X", "messageId": "ONEX"})
    code, out = await waypost(pipeline, "verify", "--json")
    result = json.loads(out)
    assert (code, result["differs"], result["missing"], result["extra"]) == (1, 1, 1, 1)
    found = {(one["kind"], one["collection"], one["id"]): one["fields"] for one in result["differences"]}
    assert found.keys() == {
        ("differs", "chats", f"S1|{ALICE}"),
        ("missing", "messages", f"S1|{ALICE}|-1|TWO"),
        ("extra", "messages", f"S1|{ALICE}|-1|ONEX"),
    }
    assert found["differs", "chats", f"S1|{ALICE}"] == ["archived", "unreadCount"]
    assert SECRET_TEXT not in out
    assert (await waypost(pipeline, "verify", "--session", "S2"))[0] == 0
    code, out = await waypost(pipeline, "verify", "--session", "S1", "--values")
    assert code == 1
    assert "unreadCount: stored 7, folded 2" in out
    assert SECRET_TEXT in out
    assert out.endswith("1 differs, 1 extra, 1 missing\n")


async def test_what_the_purge_has_removed_is_no_difference(pipeline: Pipeline) -> None:
    removed = event("session.status", {"status": "stopped", "removed": True}, session="S2")
    deleted = event("chat.update", {"chatJid": ALICE, "change": "deleted"})
    await applied(
        pipeline,
        *(working_session(), message("OLD"), deleted, message("NEW")),
        *(working_session("S2"), message("GONE", envelope={"session": "S2"}), removed),
    )
    assert (await pipeline.database[Collection.SESSIONS].find_one({"_id": "S2"}) or {})["removed"] is True
    for collection in (Collection.CHATS, Collection.MESSAGES, Collection.CONTACTS):
        await pipeline.database[collection].delete_many({"session": "S2"})
    assert (await pipeline.database[Collection.MESSAGES].delete_one({"messageId": "OLD"})).deleted_count == 1
    result, found = await verified(pipeline)
    assert found == []
    assert result.is_equal


async def test_a_log_that_was_shortened_is_refused(pipeline: Pipeline) -> None:
    await applied(pipeline, working_session(), message("ONE"), message("TWO"))
    await pipeline.shorten_log(ALICE, keep=1)
    with pytest.raises(StoreError, match="no longer begins where it was first recorded"):
        await verified(pipeline)


async def test_one_that_is_interrupted_leaves_nothing_and_what_a_killed_one_leaves_the_next_removes(pipeline: Pipeline) -> None:
    await pipeline.publish(make_history(3_000).events)
    await pipeline.start("waypost-ingest")
    await pipeline.until_applied()
    process = pipeline.process("waypost", "verify", WAYPOST_BATCH_MAX_RECORDS="10")

    async def folding() -> bool:
        return await pipeline.database[collection_name(Collection.MESSAGES, 0)].estimated_document_count() > 0

    process.start()
    await eventually(folding, lambda: f"a folded message\n{process.log}", every=0.01)
    assert process.end(signal.SIGINT) != 0
    assert await scratch_collections(pipeline.database) == set()
    process.start()
    await eventually(folding, lambda: f"a folded message\n{process.log}", every=0.01)
    process.end(signal.SIGKILL)
    assert await scratch_collections(pipeline.database) == SCRATCH
    with pytest.raises(StoreError, match="another `waypost verify` is at work"):
        await verified(pipeline)
    await pipeline.database[Collection.LEASES].delete_one({"_id": "verify"})  # as if its time had run out
    result, _ = await verified(pipeline)
    assert result.is_equal
    assert await scratch_collections(pipeline.database) == set()
