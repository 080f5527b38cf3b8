"""A contact is fed by several partitions at once, and comes to the same (rule R2)."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.waypost_projection.story import ALICE, ALICE_LID, NOW, SESSION

from waypost_common.documents import chat_document_id
from waypost_common.identifiers import EpochMs, Jid, Offset, OrganizationId
from waypost_common.mongo import MongoCollection, MongoDatabase
from waypost_projection.fold.contact import ContactChange, Sighting
from waypost_projection.storage import ProjectionStorage

ORGANIZATION = OrganizationId("org_1")


async def only(collection: MongoCollection) -> Any:
    (found,) = [one async for one in collection.find({})]
    return found


def contact_change(offset: int, jid: Jid = ALICE, **fields: object) -> ContactChange:
    return ContactChange(
        id=chat_document_id(SESSION, jid),
        session=SESSION,
        organization=ORGANIZATION,
        jid=jid,
        partition=0,
        offset=Offset(offset),
        seen_from=EpochMs(NOW + offset),
        seen_to=EpochMs(NOW + offset),
        fields=fields,
    )


def sighting(jid: Jid = ALICE, *, at: int = 0, name: str = "Alice", lid: Jid | None = None, phone: Jid | None = None) -> Sighting:
    return Sighting(
        id=chat_document_id(SESSION, jid),
        session=SESSION,
        organization=ORGANIZATION,
        jid=jid,
        seen_from=EpochMs(NOW + at),
        seen_to=EpochMs(NOW + at),
        name={"at": NOW + at, "eventId": f"evt_{at}", "name": name},
        lid=lid,
        phone_jid=phone,
    )


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (1, 1), (0, 1, 0)])
async def test_an_older_change_of_a_contact_does_not_replace_a_newer_one(
    database: MongoDatabase, storage: ProjectionStorage, order: tuple[int, ...]
) -> None:
    for offset in order:
        await storage.write_contacts([contact_change(offset, fullName=f"name {offset}")], [])
    found = await only(database["contacts"])
    assert (found["fullName"], found["offset"]) == ("name 1", 1)


async def test_another_organization_changes_nothing_of_a_contact(database: MongoDatabase, storage: ProjectionStorage) -> None:
    await storage.write_contacts([contact_change(0, fullName="ours")], [sighting(name="ours")])
    ours = await only(database["contacts"])
    other = OrganizationId("org_2")
    theirs = contact_change(1, fullName="theirs"), sighting(at=1, name="theirs")
    await storage.write_contacts([replace(theirs[0], organization=other)], [replace(theirs[1], organization=other)])
    assert await only(database["contacts"]) == ours


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0, 1)])
async def test_sightings_of_several_partitions_come_to_the_same_in_any_order(
    database: MongoDatabase, storage: ProjectionStorage, order: tuple[int, ...]
) -> None:
    seen = [
        sighting(at=0, name="old", lid=ALICE_LID),
        sighting(at=5, name="new"),
        sighting(at=3, name="between", phone=ALICE),
    ]
    for number in order:
        await storage.write_contacts([], [seen[number]])
    found = await only(database["contacts"])
    assert found["groupPushName"] == {"at": NOW + 5, "eventId": "evt_5", "name": "new"}
    assert (found["groupLid"], found["groupPhoneJid"]) == (ALICE_LID, ALICE)
    assert (found["firstSeenAt"], found["updatedAt"], found["inGroup"], found["listed"]) == (NOW, NOW + 5, True, True)


async def test_a_contact_that_a_group_and_its_own_chat_tell_of_at_once_has_what_both_told(
    database: MongoDatabase, storage: ProjectionStorage
) -> None:
    people = [Jid(f"{number}@lid") for number in range(150)]
    for person in people:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(storage.write_contacts([], [sighting(person)]), name="group")
            tasks.create_task(storage.write_contacts([contact_change(1, person, fullName="Full")], []), name="chat")
    complete = await database["contacts"].count_documents({"fullName": "Full", "groupPushName.name": "Alice"})
    assert complete == len(people)
