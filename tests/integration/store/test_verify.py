"""`waypost verify` on real servers: it finds what differs and nothing else, while ingest works."""

import asyncio
import json
import os
import signal
from collections.abc import Set
from typing import Any

import pytest
from tests.events import ALICE, event, message, working_session
from tests.faults.history import load, make_history, until_more_applied
from tests.integration.store.test_cli import Command
from tests.plugins.pipeline import Pipeline
from tests.processes import PROGRAMS, Process, eventually

from waypost_common.documents import Collection, collection_name
from waypost_common.identifiers import SessionId
from waypost_common.mongo import MongoDatabase
from waypost_store.errors import StoreError
from waypost_store.generations import generation_of
from waypost_store.leases import LONG_AGO
from waypost_store.verify.differences import Difference, Kind
from waypost_store.verify.run import verify
from waypost_store.verify.verifier import Verified

SLOWLY = {"WAYPOST_BATCH_MAX_RECORDS": "10"}
SECRET_TEXT = "Nobody but the two may read this"


async def verified(pipeline: Pipeline, session: str | None = None) -> tuple[Verified, list[Difference]]:
    found: list[Difference] = []
    chosen = None if session is None else SessionId(session)
    result = await verify(pipeline.settings, session=chosen, report=lambda _line: None, found=found.append)
    return result, found


async def waypost(pipeline: Pipeline, *arguments: str) -> tuple[int | None, str]:
    """Exit code and standard output."""
    process = await asyncio.create_subprocess_exec(
        str(PROGRAMS / "waypost"), *arguments, env=os.environ | pipeline.environment, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    return process.returncode, out.decode()


async def scratch_numbers(database: MongoDatabase) -> set[int]:
    numbers = map(generation_of, await database.list_collection_names())
    return {number for number in numbers if number is not None and number < 1}


async def folding(pipeline: Pipeline, process: Process, *, beside: Set[int] = frozenset()) -> int:
    """Waits until a verify has folded some. Returns the number of its collections, which is none of `beside`."""
    database = pipeline.database

    async def has_begun() -> bool:
        numbers = await scratch_numbers(database) - beside
        return any([await database[collection_name(Collection.MESSAGES, one)].estimated_document_count() for one in numbers])

    await eventually(has_begun, lambda: f"a folded message\n{process.log}", every=0.01)
    [number] = await scratch_numbers(database) - beside
    return number


async def run_out(pipeline: Pipeline) -> None:
    """As if the time of the one that holds the lease had run out."""
    await pipeline.database[Collection.LEASES].update_one({"_id": "verify"}, {"$set": {"until": LONG_AGO}})


async def applied(pipeline: Pipeline, *events: Any) -> None:
    await pipeline.publish(events)
    service = await pipeline.start("waypost-ingest")
    await pipeline.until_applied()
    await asyncio.to_thread(service.end)


async def test_nothing_differs_while_events_are_applied(pipeline: Pipeline) -> None:
    async with load(pipeline, make_history(25_000), a_second=400):
        await pipeline.start("waypost-ingest", WAYPOST_BATCH_MAX_RECORDS="50")
        await until_more_applied(pipeline, 500)
        result, found = await verified(pipeline)
    assert found == []
    assert result.is_equal
    assert result.events > 500
    assert result.documents > 100
    assert await scratch_numbers(pipeline.database) == set()


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
    assert f"differs    chats S1|{ALICE}: archived, unreadCount\n" in out
    assert f"missing    messages S1|{ALICE}|-1|TWO\n" in out
    assert f"extra      messages S1|{ALICE}|-1|ONEX\n" in out
    assert "unreadCount: stored 7, folded 2" in out
    assert SECRET_TEXT in out
    assert out.endswith("1 differs, 1 extra, 1 missing\n")
    code, out, err = await Command(pipeline.settings)("verify", "--limit", "1")
    assert (code, out.count("\n"), SECRET_TEXT in out) == (1, 2, False)
    assert out.endswith("1 differs, 1 extra, 1 missing\n")
    assert "2 differences more: --limit shows them\n" in err


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
    process = pipeline.process("waypost", "verify", **SLOWLY)
    process.start()
    await folding(pipeline, process)
    assert process.end(signal.SIGINT) != 0
    assert await scratch_numbers(pipeline.database) == set()
    process.start()
    left = await folding(pipeline, process)
    process.end(signal.SIGKILL)
    assert await scratch_numbers(pipeline.database) == {left}
    with pytest.raises(StoreError, match="another `waypost verify` is at work"):
        await verified(pipeline)
    await run_out(pipeline)
    result, _ = await verified(pipeline)
    assert result.is_equal
    assert await scratch_numbers(pipeline.database) == set()


async def test_one_that_stood_still_while_another_took_over_does_it_no_harm_and_tells_nothing(pipeline: Pipeline) -> None:
    await pipeline.publish(make_history(1_500).events)
    await pipeline.start("waypost-ingest")
    await pipeline.until_applied()
    first, second = (pipeline.process("waypost", "verify", **SLOWLY) for _ in range(2))
    first.start()
    stopped = await folding(pipeline, first)
    await first.freeze()
    await run_out(pipeline)
    second.start()
    assert await folding(pipeline, second, beside={stopped}) != stopped
    first.send_signal(signal.SIGCONT)
    assert await asyncio.to_thread(first.wait) == 1, first.log
    assert "another `waypost verify` took over" in first.log
    assert not any(f"{kind}  " in first.log for kind in Kind)
    assert await asyncio.to_thread(second.wait) == 0, second.log
    assert second.log.endswith("all equal\n")
    assert await scratch_numbers(pipeline.database) == set()


async def test_a_session_of_which_there_is_nothing_is_refused_and_not_called_equal(pipeline: Pipeline) -> None:
    await applied(pipeline, working_session(), working_session("S2"), message("ONE"))
    with pytest.raises(StoreError, match=r"session S3 has no documents.*look at its spelling"):
        await verified(pipeline, session="S3")
    result, _ = await verified(pipeline, session="S2")
    assert (result.is_equal, result.documents, result.events) == (True, 1, 1)
