"""`waypost export` and `waypost import` on real servers: another system comes to the same documents, however often it runs."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.events import ALICE, message, working_session
from tests.faults.history import make_history, sessions_of
from tests.integration.store.kills import run_until_killed
from tests.integration.store.test_cli import Command
from tests.plugins.pipeline import Pipeline, migrated
from tests.properties.stored_view import all_documents, view_of

from waypost_common.documents import Collection
from waypost_common.events import Event
from waypost_common.identifiers import OrganizationId
from waypost_common.topics import OUTCOMES
from waypost_store.errors import StoreError
from waypost_store.scope import Scope
from waypost_store.transfer import importing
from waypost_store.transfer.exporting import export

BOB = "6289876543210@s.whatsapp.net"


def quiet(_line: str) -> None:
    """Nobody looks."""


@pytest.fixture
async def other(pipeline: Pipeline, tmp_path: Path) -> AsyncIterator[Pipeline]:
    """A second, empty system on the same servers."""
    kafka = pipeline.settings.kafka.model_copy(update={"topic_prefix": f"{pipeline.settings.kafka.topic_prefix}other."})
    mongo = pipeline.settings.mongo.model_copy(update={"database": f"{pipeline.settings.mongo.database}_other"})
    folder = tmp_path / "other"
    folder.mkdir()
    async with migrated(pipeline.settings.model_copy(update={"kafka": kafka, "mongo": mongo}), folder) as system:
        yield system
        await system.database.client.drop_database(system.database.name)


async def waypost(pipeline: Pipeline, *arguments: str) -> Any:
    """What it prints as JSON."""
    code, out, err = await Command(pipeline.settings)(*arguments, "--json")
    assert code == 0, err
    return json.loads(out)


async def applied(pipeline: Pipeline, events: list[Event]) -> None:
    await pipeline.publish(events)
    await pipeline.start("waypost-ingest")
    await pipeline.until_applied()


async def imported(pipeline: Pipeline, folder: Path) -> importing.Imported:
    return await importing.import_export(pipeline.settings, folder, dry_run=False, report=quiet)


async def test_a_session_imports_into_an_empty_system_with_equal_documents_though_it_is_killed_twice(
    pipeline: Pipeline, other: Pipeline, tmp_path: Path
) -> None:
    history = make_history(1_600)
    session, organization = min(sessions_of(history).items())
    strangers = message("THEIRS", envelope={"session": session, "organization": "org_stranger"})
    await pipeline.publish(history.events, history.headers_of)
    await pipeline.start("waypost-ingest")
    await pipeline.until_applied()
    await pipeline.publish([strangers])
    folder = tmp_path / "export"
    manifest = await waypost(pipeline, "export", "--session", session, str(folder))
    assert (manifest["organization"], manifest["complete"], manifest["leftOut"]["unusable"]) == (organization, True, 1)
    assert manifest["leftOut"]["repeated"] > 0
    published = 0
    for _ in range(2):
        await killed_importing(other, folder, at_event=manifest["events"] // 3)
        before, published = published, len(await other.read_all())
        assert before < published < manifest["events"]
    await other.start("waypost-ingest")
    await other.until_applied()
    result = await waypost(other, "import", str(folder))
    assert published <= result["alreadyThere"] < result["events"] == result["alreadyThere"] + result["published"]
    await other.until_applied()
    await pipeline.until_applied()
    ids = [json.loads(record.value)["id"] for record in await other.read_all()]
    assert len(ids) == len(set(ids)) == manifest["events"]
    stored = await all_documents(pipeline.database, sessions=[session])
    assert len(stored["messages"]) > 100
    assert view_of(await all_documents(other.database)) == view_of(stored)
    assert await other.read_all(OUTCOMES) == []

    (state,) = folder.glob("import-*.json")
    state.unlink()
    for system in (other, pipeline):
        again = await imported(system, folder)
        assert (again.published, again.there) == (0, manifest["events"])


async def killed_importing(system: Pipeline, folder: Path, *, at_event: int) -> None:
    """The process of `waypost import`, in place of sending that event (from 1 on) of those that were missing."""
    await run_until_killed(system, "waypost", "import", str(folder), at="aiokafka:AIOKafkaProducer.send", call=at_event)
    await system.database[Collection.LEASES].delete_one({"_id": "import"})  # as if its time had run out


async def test_an_import_is_refused_where_the_session_is_another_organizations_or_has_other_events(
    pipeline: Pipeline, other: Pipeline, tmp_path: Path
) -> None:
    folder = tmp_path / "export"
    await applied(pipeline, [working_session(), message("ONE"), message("TWO", chat=BOB)])
    chosen = {"_id": "S1|1@lid", "session": "S1", "organization": "org_1", "jid": "1@lid", "chosen": BOB}
    await pipeline.database[Collection.ADDRESSES].insert_one(chosen)
    await export(
        pipeline.settings,
        Scope(session=working_session().session),
        folder,
        partial=False,
        report=quiet,
        warn=quiet,
    )
    theirs = working_session(organization="org_2")
    await other.publish([theirs])
    with pytest.raises(StoreError, match="events of session S1 of another organization"):
        await imported(other, folder)
    await other.start("waypost-ingest")
    await other.until_applied()
    with pytest.raises(StoreError, match="belongs to another organization"):
        await imported(other, folder)
    assert len(await other.read_all()) == 1
    assert await other.database[Collection.ADDRESSES].find_one({}) is None
    # In the system that it came from all of it is there; another message of the same chat is no hindrance then.
    await pipeline.database[Collection.ADDRESSES].delete_one({})
    assert (await imported(pipeline, folder)).published == 0
    assert await pipeline.database[Collection.ADDRESSES].find_one({}) == chosen
    await pipeline.publish([message("THREE")])
    assert (await imported(pipeline, folder)).published == 0
    await pipeline.database[Collection.SESSIONS].update_one({"_id": "S1"}, {"$set": {"removed": True}})
    with pytest.raises(StoreError, match="was removed here"):
        await imported(pipeline, folder)


async def test_a_log_that_no_longer_holds_all_is_exported_only_when_told_so(pipeline: Pipeline, tmp_path: Path) -> None:
    await applied(pipeline, [working_session(), message("ONE"), message("TWO"), message("THREE", chat=BOB)])
    await pipeline.shorten_log(ALICE, keep=1)
    folder, scope = tmp_path / "export", Scope(organization=OrganizationId("org_1"))
    with pytest.raises(StoreError, match="no longer begins where it was first recorded"):
        await export(pipeline.settings, scope, folder, partial=False, report=quiet, warn=quiet)
    manifest = await export(pipeline.settings, scope, folder, partial=True, report=quiet, warn=quiet)
    assert (manifest.complete, manifest.events in (2, 3)) == (False, True)
