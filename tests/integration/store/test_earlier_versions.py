"""What an earlier version has left is read by this one: its database is brought up to date, and each document says the same."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.events import message
from tests.fixtures import stored_system
from tests.fixtures.samples import ALICE, ORGANIZATION, SESSION
from tests.integration.store.test_cli import Command
from tests.plugins.pipeline import Pipeline, migrated
from tests.properties.stored_view import Json, all_documents, view_of

from waypost_common.documents import PROJECTIONS, Collection
from waypost_common.mongo import MongoDatabase
from waypost_store.migrations import MIGRATIONS
from waypost_store.settings import StoreSettings
from waypost_store.setup.migrate import NEWEST, applied_migrations, migrate
from waypost_store.verify.run import verify

VERSIONS = sorted(path.name for path in Path(stored_system.__file__).parent.glob("version_*"))


@pytest.fixture(params=VERSIONS)
def left(request: pytest.FixtureRequest) -> Path:
    """The folder of what a version has left."""
    return Path(stored_system.__file__).with_name(request.param)


@pytest.fixture
async def system(left: Path, settings: StoreSettings, database: MongoDatabase, tmp_path: Path) -> AsyncIterator[Pipeline]:
    """Its database, migrated by this version, and its log."""
    await stored_system.restore_database(database, left)
    async with migrated(settings, tmp_path) as pipeline:
        await stored_system.restore_log(pipeline, left)
        yield pipeline


def seen(documents: dict[str, dict[Any, Json]]) -> Json:
    return view_of({name.value: documents.get(name.value, {}) for name in PROJECTIONS})


async def test_documents_of_an_earlier_version_stay_equal_and_are_what_this_version_makes_of_its_log(
    system: Pipeline, left: Path
) -> None:
    was = stored_system.documents_of(left)
    assert len(was["messages"]) > 40
    assert seen(await all_documents(system.database)) == seen(was)
    for kept in (Collection.API_KEYS, Collection.OPERATIONS, Collection.ADDRESSES, Collection.DEVICES):
        assert {one["_id"]: one async for one in system.database[kept].find({})} == was[kept.value]
    assert max(await applied_migrations(system.database)) == NEWEST
    result = await verify(system.settings, session=None, report=lambda _line: None, found=lambda found: pytest.fail(str(found)))
    assert (result.is_equal, result.events) == (True, sum(one["offset"] + 1 for one in was["positions"].values()))
    await system.start("waypost-ingest")
    await system.publish([message("LATER", chat=ALICE, envelope={"session": SESSION, "organization": ORGANIZATION})])
    await system.until_applied()
    now = seen(await all_documents(system.database))
    assert [one["id"] for one in now["chats"][f"{SESSION}|{ALICE}"]["messages"]][:1] == ["LATER"]


async def test_a_database_of_an_earlier_version_gets_the_collections_and_indexes_of_a_new_one(
    left: Path, database: MongoDatabase, settings: StoreSettings
) -> None:
    await stored_system.restore_database(database, left)
    applied = await applied_migrations(database)
    for migration in MIGRATIONS:
        if migration.number not in applied:
            await migration.apply(database)
    fresh = database.client.get_database(f"{database.name}_fresh")
    try:
        for migration in MIGRATIONS:
            await migration.apply(fresh)
        names = set(await fresh.list_collection_names())
        assert names <= set(await database.list_collection_names())
        for name in sorted(names):
            assert await stored_system.shape_of(database, name) == await stored_system.shape_of(fresh, name), name
    finally:
        await database.client.drop_database(fresh.name)


async def test_two_processes_that_migrate_at_once_both_end_well(settings: StoreSettings, database: MongoDatabase) -> None:
    command = Command(settings)
    processes = [await command.start("waypost", "migrate", "--json") for _ in range(2)]
    ended = [await process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], ended
    assert await applied_migrations(database) == {migration.number for migration in MIGRATIONS}
    assert (await migrate(settings, plan=True, report=lambda _line: None)).changes == []
