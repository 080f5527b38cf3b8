"""Messages from before their chat's deletion go, at any moment, and neither a fold nor a reader can tell."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.events import ALICE, event, message
from tests.integration.store.purge.conftest import Stored
from tests.properties.deliveries import Delivery, assert_same, deliver, plain, with_troubles
from tests.properties.projection import Projection
from tests.properties.reference.histories import FAMILIES, History, cut_into_batches, rewound

from waypost_common.documents import Collection
from waypost_common.mongo import MongoDatabase
from waypost_store.metrics import StoreMetrics
from waypost_store.purge.documents import all_of_session, ever_deleted, older_epochs
from waypost_store.purge.purger import Purger
from waypost_store.settings import StoreBlock

DELETION = {"chatJid": ALICE, "change": "deleted"}


async def test_messages_from_before_the_deletion_go_and_later_ones_stay(stored: Stored) -> None:
    other = "6289999999999@s.whatsapp.net"
    early = {"chatJid": ALICE, "messageIds": ["LATER"], "status": "read", "timestamp": 1}
    await stored.take(*(message(f"M{number}") for number in range(20)), event("message.status", early))
    await stored.take(message("OTHER", chat=other), event("chat.update", DELETION), message("NEW"))
    assert await stored.count() == {"chats": 2, "contacts": 2, "messages": 23}
    await stored.purge()
    documents = await stored.documents()
    assert sorted(found["messageId"] for found in documents["messages"].values()) == ["NEW", "OTHER"]
    await stored.redeliver()
    assert await stored.documents() == documents


async def test_what_a_trim_hides_stays(stored: Stored) -> None:
    """Else one that is sent again, under its id and with a later time, would be new."""
    await stored.take(message("M1", timestamp=1_000), message("M2"))
    await stored.take(event("chat.update", {"chatJid": ALICE, "change": "trimmed", "before": 2_000}))
    await stored.purge()
    assert (await stored.count())["messages"] == 2


async def test_the_purge_reads_indexes_alone(stored: Stored) -> None:
    await stored.take(*(message(f"M{number}") for number in range(5)), event("chat.update", DELETION), message("NEW"))
    chat = await stored.database[Collection.CHATS].find_one({})
    assert chat is not None
    one = all_of_session(chat["session"], chat["organization"])
    assert "COLLSCAN" not in await plan(stored.database, Collection.CHATS, one)
    assert "COLLSCAN" not in await plan(stored.database, Collection.MESSAGES, one)
    assert "COLLSCAN" not in await plan(stored.database, Collection.MESSAGES, older_epochs([chat, chat | {"jid": "2"}]))
    assert "'deleted'" in await plan(stored.database, Collection.CHATS, ever_deleted(), hint="deleted")


async def plan(database: MongoDatabase, collection: Collection, query: dict[str, Any], **options: Any) -> str:
    found = await database.command({"explain": {"find": collection.value, "filter": query, "limit": 7, **options}})
    return str(found["queryPlanner"]["winningPlan"])


@pytest.fixture(scope="module")
def projection(mongod_server: str) -> Iterator[Projection]:
    one = Projection(mongod_server, "purged_histories")
    one.clear()
    yield one
    one.clear()
    one.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("family", ["deletions", "anything"])
def test_a_purge_at_any_moment_changes_nothing_for_a_fold_or_a_reader(projection: Projection, family: str) -> None:
    """`deliver` compares with the reference model after each batch, also when writers are cut off and overtaken."""

    database = projection._database
    projection.run(database[Collection.LEASES].delete_many({}))
    purger = Purger(StoreBlock(purge_batch=2), database, StoreMetrics())

    @settings(deadline=None, database=None, phases=[Phase.generate], max_examples=25, suppress_health_check=list(HealthCheck))
    @given(history=FAMILIES[family], troubled=st.booleans(), data=st.data())
    def check(history: History, troubled: bool, data: st.DataObject) -> None:
        purged, kept = projection.copy(), projection.copy()
        steps = with_troubles(history, data) if troubled else plain(cut_into_batches(rewound(history, data), data))
        projection.run(delivered_beside_a_purge(purger, Delivery(copy=purged, steps=steps)))
        projection.run(deliver(Delivery(copy=kept, steps=plain([history]))))
        assert_same(projection.run(purged.documents()), without_older_epochs(projection.run(kept.documents())))

    check()


async def delivered_beside_a_purge(purger: Purger, delivery: Delivery) -> None:
    """The purge runs all the while, and once more in the end, for what an overtaken writer has left."""

    async def purge_on() -> None:
        while True:
            await purger.purge_chats(1)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        purging = tasks.create_task(purge_on(), name="purge")
        await deliver(delivery)
        purging.cancel()
        with suppress(asyncio.CancelledError):
            await purging
    await purger.purge_chats(1)


def without_older_epochs(documents: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    epochs = {key: chat["epoch"] for key, chat in documents["chats"].items()}
    messages = {
        key: found
        for key, found in documents["messages"].items()
        if found["epoch"] >= epochs.get(f"{found['session']}|{found['chatJid']}", -1)
    }
    return documents | {"messages": messages}
