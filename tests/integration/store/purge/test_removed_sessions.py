"""A removed session's documents go; whatever comes again stays out of sight, and goes too."""

from collections.abc import Callable

import pytest
from tests.events import event
from tests.integration.store.conftest import running_store
from tests.integration.store.purge.conftest import Stored
from tests.processes import eventually

from waypost_common.clock import now_ms
from waypost_common.device_keys import Keyring
from waypost_common.documents import Collection, collection_name
from waypost_common.events import Event
from waypost_common.identifiers import Jid
from waypost_common.mongo import MongoDatabase, open_client, open_database
from waypost_connector.simulated.world import generate_events
from waypost_connector.stored_addresses import KeptInMongo, StoredAddresses
from waypost_store.purge.purger import KEYS_FOR_MS, LeaseLostError, Purger
from waypost_store.report.status import system_status
from waypost_store.settings import StoreSettings


def busy_sessions() -> list[Event]:
    """Two of one organization, with documents of every kind."""
    return list(generate_events(seed=3, count=400, sessions=2, chats=15, history=20))


def removal_of(event_of: Event, **envelope: int) -> Event:
    payload = {"desired": "stopped", "removed": True}
    return event("session.status", payload, session=event_of.session, organization=event_of.organization, **envelope)


async def test_all_of_a_removed_session_goes_but_its_tombstone_and_nothing_of_another(stored: Stored) -> None:
    await stored.take(*busy_sessions())
    gone, stays = sorted({logged.event.session for logged in stored.log})
    before = await stored.documents()
    assert all(any(key.startswith(f"{gone}|") for key in found) for name, found in before.items() if name != "sessions")
    await stored.take(removal_of(next(one.event for one in stored.log if one.event.session == gone)))
    await stored.purge()
    after = await stored.documents()
    kept = {name: {key: found[key] for key in found if key.startswith(stays)} for name, found in before.items()}
    assert after["sessions"].pop(gone)["removed"] is True
    assert after == kept


async def test_the_chosen_addresses_of_a_removed_session_go_whatever_the_generation(stored: Stored) -> None:
    events = busy_sessions()
    gone, stays = sorted({event_of.session for event_of in events})
    for session in (gone, stays):
        kept = KeptInMongo(stored.database, session, events[0].organization)
        await StoredAddresses(kept, session).chosen(Jid("1@lid"), Jid("9991@s.whatsapp.net"))
    await stored.take(*events, removal_of(next(one for one in events if one.session == gone)))
    await stored.purge()
    left = await stored.database[Collection.ADDRESSES].find().to_list(10)
    assert left == [
        {
            "_id": f"{stays}|1@lid",
            "session": stays,
            "organization": events[0].organization,
            "jid": "1@lid",
            "chosen": "9991@s.whatsapp.net",
        }
    ]
    assert collection_name(Collection.ADDRESSES, 2) == "addresses"


async def test_keys_of_a_session_that_was_removed_a_day_ago_go_and_its_fence_stays(stored: Stored) -> None:
    events = busy_sessions()
    gone, stays = sorted({event_of.session for event_of in events})
    organization = events[0].organization
    devices = stored.database[Collection.DEVICES]
    kept = {"organization": organization, "backend": "simulated", "fence": 7, "holder": None}
    sealed = {"keys": Keyring([bytes(32)]).seal(gone, organization, b"what it logs in with"), "keysSavedAt": 1}
    await devices.insert_many([{"_id": session, **kept, **sealed} for session in (gone, stays)])
    await stored.take(*events, removal_of(next(one for one in events if one.session == gone)))
    await stored.purge()
    assert await devices.count_documents({"keys": {"$exists": True}}) == 2, "a connector may still unlink it"
    removed_at = {"updatedAt": now_ms() - KEYS_FOR_MS - 1}
    await stored.database[Collection.SESSIONS].update_many({}, {"$set": removed_at})
    await stored.purge()
    assert await devices.find_one({"_id": gone}) == {"_id": gone, **kept}
    assert await devices.find_one({"_id": stays}) == {"_id": stays, **kept, **sealed}


async def test_what_is_delivered_again_after_the_purge_is_purged_again(stored: Stored) -> None:
    events = busy_sessions()
    await stored.take(*events, *map(removal_of, {one.session: one for one in events}.values()))
    await stored.purge()
    purged = await stored.documents()
    assert await stored.count() == {"sessions": 2}
    await stored.redeliver()
    assert (await stored.documents())["sessions"] == purged["sessions"]
    assert (await stored.count())["messages"] > 0
    await stored.purge()
    assert await stored.documents() == purged


async def test_a_session_that_was_removed_a_moment_ago_keeps_its_documents(stored: Stored) -> None:
    events = busy_sessions()
    await stored.take(*events, removal_of(events[0]))
    before = await stored.count()
    await stored.purge(purge_after_s=3_600)
    assert await stored.count() == before


async def test_one_store_at_a_time_purges(stored: Stored, purger: Callable[..., Purger]) -> None:
    first, second = purger(), purger()
    await first.round()
    with pytest.raises(LeaseLostError):
        await second.round()
    await first.round()
    await stored.database[Collection.LEASES].update_many({}, [{"$set": {"until": {"$subtract": ["$$NOW", 1]}}}])
    await second.round()


async def test_a_running_store_purges_by_itself(migrated: StoreSettings, database: MongoDatabase) -> None:
    stored = Stored(database, lambda: pytest.fail("not by this test"))
    events = busy_sessions()
    await stored.take(*events, removal_of(events[0]))
    block = migrated.store.model_copy(update={"purge_after_s": 0, "purge_interval_s": 0.1})
    assert await left(migrated) == (1, 1)
    async with running_store(migrated.model_copy(update={"store": block})) as service:

        async def purged() -> bool:
            return not await database[Collection.CHATS].count_documents({"session": events[0].session})

        await eventually(purged, "no chat of the removed session")
        counted = service.metrics.registry.get_sample_value("waypost_store_purged_documents_total", {"collection": "chats"})
    assert counted is not None
    assert counted >= 1
    assert await left(migrated) == (1, 0)


async def left(settings: StoreSettings) -> tuple[int, int]:
    """Sessions that are removed, and those of them that are not purged, as `waypost status` tells."""
    async with open_client(settings.mongo, application="test") as client:
        status = await system_status(settings, client, open_database(client, settings.mongo))
    return status.removed_sessions, status.unpurged_sessions
