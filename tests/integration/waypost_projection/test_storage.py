"""Every write is guarded: an older state never replaces a newer one, whoever writes it and however often (rule R3)."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pymongo import WriteConcern
from tests.unit.waypost_projection.story import ALICE, CHANNEL, GROUP, SessionStory, Story

from waypost_common.consumption import ConsumptionStoppedError, RetryLaterError
from waypost_common.documents import ChatDocument, MessageDocument
from waypost_common.identifiers import Offset, OrganizationId
from waypost_common.mongo import MongoClient, MongoCollection, MongoDatabase, aggregate, open_client, open_database
from waypost_common.settings import MongoSettings
from waypost_projection.storage import ProjectionStorage

ORGANIZATION = OrganizationId("org_1")


def chat_states() -> list[ChatDocument]:
    story = Story()
    states = []
    for number in range(3):
        story.message(f"M{number}")
        states.append(story.chat)
    return states


def message_states() -> list[MessageDocument]:
    story = Story()
    story.message("M1")
    states = [story.stored("M1")]
    for body in ("one", "two"):
        story.about("message.edited", "M1", body=body)
        states.append(story.stored("M1"))
    return states


def session_states() -> list[Any]:
    story = SessionStory()
    states = []
    for label in "abc":
        story.status(label=label)
        states.append(story.stored)
    return states


def group_states() -> list[Any]:
    story = Story(GROUP)
    states = []
    for subject in "abc":
        story.tell("group.update", {"groupJid": GROUP, "subject": subject})
        states.append(story.conversation.group)
    return states


def member_states() -> list[Any]:
    story = Story(GROUP)
    states = []
    for change in ("join", "promote", "leave"):
        story.tell("group.participant", {"groupJid": GROUP, change: [ALICE]})
        states.append(story.conversation.members[ALICE])
    return states


def channel_states() -> list[Any]:
    story = Story(CHANNEL)
    states = []
    for name in "abc":
        story.tell("newsletter.update", {"jid": CHANNEL, "action": "metadata", "name": name})
        states.append(story.conversation.channel)
    return states


Write = Callable[[ProjectionStorage, Any], Any]
KINDS: dict[str, tuple[list[Any], Write, str]] = {
    "chat": (chat_states(), lambda storage, one: storage.write_chats([one]), "chats"),
    "new message": (message_states(), lambda storage, one: storage.write_messages([one], []), "messages"),
    "session": (session_states(), lambda storage, one: storage.write_sessions([one]), "sessions"),
    "group": (group_states(), lambda storage, one: storage.write_groups([one], []), "groups"),
    "member": (member_states(), lambda storage, one: storage.write_groups([], [one]), "group_members"),
    "channel": (channel_states(), lambda storage, one: storage.write_channels([one]), "channels"),
}


async def only(collection: MongoCollection) -> Any:
    (found,) = [one async for one in collection.find({})]
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (0, 2, 1), (1, 1), (2, 0, 2)])
async def test_the_newest_state_stays_whatever_the_order_of_the_writes(
    database: MongoDatabase, storage: ProjectionStorage, kind: str, order: tuple[int, ...]
) -> None:
    states, write, collection = KINDS[kind]
    for number in order:
        await write(storage, states[number])
    assert await only(database[collection]) == states[max(order)]


async def test_an_older_change_of_a_message_does_not_replace_a_newer_one(
    database: MongoDatabase, storage: ProjectionStorage
) -> None:
    created, older, newer = message_states()
    await storage.write_messages([created], [])
    await storage.write_messages([], [newer])
    await storage.write_messages([], [older])
    assert await only(database["messages"]) == newer


async def test_a_message_that_a_zombie_inserted_in_an_older_state_is_replaced(
    database: MongoDatabase, storage: ProjectionStorage
) -> None:
    by_the_zombie, _, newer = message_states()
    await storage.write_messages([by_the_zombie], [])
    await storage.write_messages([newer], [])
    assert await only(database["messages"]) == newer


async def test_a_zombie_that_inserts_an_older_state_of_a_message_changes_nothing(
    database: MongoDatabase, storage: ProjectionStorage
) -> None:
    by_the_zombie, _, newer = message_states()
    await storage.write_messages([newer], [])
    await storage.write_messages([by_the_zombie], [])
    assert await only(database["messages"]) == newer


async def test_messages_that_are_new_are_inserted_beside_those_that_are_there(
    database: MongoDatabase, storage: ProjectionStorage
) -> None:
    story = Story()
    for number in range(5):
        story.message(f"M{number}")
    messages = list(story.conversation.messages.values())
    await storage.write_messages(messages[1:3], [])
    await storage.write_messages(messages, [])
    assert await storage.load_messages([one["_id"] for one in messages]) == {one["_id"]: one for one in messages}


async def test_a_chat_that_is_created_twice_at_once_has_the_newer_state(
    database: MongoDatabase, storage: ProjectionStorage
) -> None:
    older, _, newer = chat_states()
    for number in range(150):
        identifier: Any = {"_id": f"S1|{number}@lid"}
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(storage.write_chats([{**older, **identifier}]), name="zombie")
            tasks.create_task(storage.write_chats([{**newer, **identifier}]), name="owner")
    assert await database["chats"].count_documents({"offset": {"$ne": newer["offset"]}}) == 0


async def test_a_generation_reads_and_writes_collections_of_its_own(database: MongoDatabase, storage: ProjectionStorage) -> None:
    chat = chat_states()[0]
    await ProjectionStorage(database, generation=2).write_chats([chat])
    assert await storage.load_chats([chat["_id"]]) == {}
    assert await only(database["chats_g2"]) == chat


async def test_a_write_that_too_few_have_is_tried_again_even_when_it_was_there_already(
    client: MongoClient, mongo_settings: MongoSettings, storage: ProjectionStorage
) -> None:
    unsafe = client.get_database(mongo_settings.database, write_concern=WriteConcern(w=2, wtimeout=100))
    message, *_, newer = message_states()
    chat = chat_states()[0]
    await storage.write_messages([newer], [])
    await storage.write_chats([chat])
    for write in (
        ProjectionStorage(unsafe, generation=1).write_messages([message], []),
        ProjectionStorage(unsafe, generation=1).write_chats([chat]),
    ):
        with pytest.raises(RetryLaterError, match="BulkWriteError 100"):
            await write


async def test_a_document_that_the_collection_refuses_ends_the_service_with_what_to_do(
    database: MongoDatabase, storage: ProjectionStorage
) -> None:
    await database.create_collection("chats", validator={"name": {"$type": "int"}})
    with pytest.raises(ConsumptionStoppedError, match="run `waypost migrate`"):
        await storage.write_chats([chat_states()[0]])
    assert await storage.load_chats([chat_states()[0]["_id"]]) == {}


@pytest.mark.parametrize("driver", ["motor", "pymongo"])
async def test_without_a_server_everything_is_to_be_tried_again(driver: Any) -> None:
    nowhere = MongoSettings(url="mongodb://127.0.0.1:9/?directConnection=true", driver=driver, server_selection_timeout_ms=100)
    async with open_client(nowhere, application="integration") as client:
        storage = ProjectionStorage(open_database(client, nowhere), generation=1)
        chat, message = chat_states()[0], message_states()[0]
        for call in (
            storage.load_chats(["x"]),
            storage.count_unread(chat, up_to=Offset(1)),
            storage.write_chats([chat]),
            storage.write_messages([message], []),
        ):
            with pytest.raises(RetryLaterError, match="MongoDB: "):
                await call


async def test_nothing_to_load_or_write_asks_nothing_of_the_server() -> None:
    nowhere = MongoSettings(url="mongodb://127.0.0.1:9/?directConnection=true", server_selection_timeout_ms=100)
    async with open_client(nowhere, application="integration") as client:
        storage = ProjectionStorage(open_database(client, nowhere), generation=1)
        assert await storage.load_chats([]) == {}
        await storage.write_messages([], [])
        await storage.write_contacts([], [])


async def test_both_drivers_aggregate_alike(database: MongoDatabase, storage: ProjectionStorage) -> None:
    await storage.write_chats([chat_states()[0]])
    found = [one async for one in aggregate(database["chats"], [{"$project": {"jid": 1, "_id": 0}}])]
    assert found == [{"jid": ALICE}]
