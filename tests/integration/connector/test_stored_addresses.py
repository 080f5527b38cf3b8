"""What is kept of addresses in a real MongoDB."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from waypost_common.documents import Collection
from waypost_common.identifiers import Jid, OrganizationId, SessionId
from waypost_common.mongo import MongoDatabase, open_client, open_database
from waypost_common.settings import MongoSettings
from waypost_connector.stored_addresses import KeptInMongo, StoredAddresses
from waypost_store.schema import ensure_bookkeeping

LID, PHONE = Jid("123@lid"), Jid("9991@s.whatsapp.net")
SESSION, ORGANIZATION = SessionId("S1"), OrganizationId("org_a")


@pytest.fixture(params=["pymongo", "motor"])
async def database(request: Any, mongod_server: str, mongo_database_name: str) -> AsyncIterator[MongoDatabase]:
    settings = MongoSettings(url=SecretStr(mongod_server), database=mongo_database_name, driver=request.param)
    async with open_client(settings, application="test") as client:
        database = open_database(client, settings)
        await ensure_bookkeeping(database)
        yield database


def process(database: MongoDatabase, session: SessionId = SESSION) -> StoredAddresses:
    """One that has just started."""
    return StoredAddresses(KeptInMongo(database, session, ORGANIZATION), session)


async def test_a_choice_outlives_the_process_that_made_it(database: MongoDatabase) -> None:
    assert await process(database).chosen(LID, None) == LID
    assert await process(database).chosen(PHONE, LID) == LID
    assert await process(database).chosen(PHONE, None) == LID
    found = await database[Collection.ADDRESSES].find({}, {"_id": True, "chosen": True}).sort("_id", 1).to_list(10)
    assert found == [{"_id": f"S1|{LID}", "chosen": LID}, {"_id": f"S1|{PHONE}", "chosen": LID}]


async def test_another_session_makes_a_choice_of_its_own(database: MongoDatabase) -> None:
    assert await process(database).chosen(LID, None) == LID
    assert await process(database, SessionId("S2")).chosen(LID, PHONE) == PHONE


async def test_of_many_that_choose_at_once_all_find_the_first_choice(database: MongoDatabase) -> None:
    sightings = [(LID, None), (LID, PHONE), (PHONE, LID)] * 5
    chosen = await asyncio.gather(*(process(database).chosen(*sighting) for sighting in sightings))
    assert len(set(chosen)) == 1
    [kept] = await database[Collection.ADDRESSES].find({"jid": LID}).to_list(2)
    assert kept["chosen"] == chosen[0]


async def test_what_is_looked_up_is_found_by_its_id(database: MongoDatabase) -> None:
    for number in range(50):
        await process(database).chosen(Jid(f"{number}@lid"), None)
    query = {"_id": {"$in": [f"S1|{LID}", "S1|7@lid"]}, "session": SESSION, "organization": ORGANIZATION}
    plan = await database[Collection.ADDRESSES].find(query).explain()
    assert plan["executionStats"]["totalDocsExamined"] == 1
