"""Which chat a number means."""

import pytest
from tests.events import event
from tests.integration.api.second_dialect.conftest import Instance, System
from tests.processes import eventually

from waypost_common.documents import Collection

pytestmark = pytest.mark.asyncio(loop_scope="module")

WITH_NINTH, WITHOUT = "5511987654321@s.whatsapp.net", "551187654321@s.whatsapp.net"
PHONE, LID = "6281234567890@s.whatsapp.net", "205227043110953@lid"


async def address(system: System, instance: Instance, number: str) -> str:
    answer = await system.ask(instance, "mute", {"number": number, "mute": True})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["chat_jid"])


async def known_contact(system: System, instance: Instance, jid: str, **told: str) -> None:
    payload = {"jid": jid, "fullName": "Alice Tan", **told}
    contact = event("contact.update", payload, session=instance.session, organization=instance.organization)
    await system.pipeline.publish([contact])

    async def there() -> bool:
        found = await system.pipeline.database[Collection.CONTACTS].find_one({"_id": f"{instance.session}|{jid}"})
        return found is not None

    await eventually(there, "the contact is there")


@pytest.mark.parametrize(("given", "stored"), [(WITH_NINTH, WITHOUT), (WITHOUT, WITH_NINTH)])
async def test_a_brazilian_chat_is_found_with_and_without_the_ninth_digit(
    system: System, instance: Instance, given: str, stored: str
) -> None:
    await system.chat_with(instance, stored)
    assert await address(system, instance, given.partition("@")[0]) == stored
    assert await address(system, instance, given) == stored
    assert await system.chat(instance, given) is None


async def test_a_brazilian_chat_that_is_stored_as_given_is_taken_so(system: System, instance: Instance) -> None:
    await system.chat_with(instance, WITH_NINTH)
    await system.chat_with(instance, WITHOUT)
    for jid in (WITH_NINTH, WITHOUT):
        assert await address(system, instance, jid.partition("@")[0]) == jid


async def test_a_brazilian_chat_that_is_not_stored_is_made_as_given(system: System, instance: Instance) -> None:
    assert await address(system, instance, "+55 11 98765-4321") == WITH_NINTH


async def test_a_person_is_found_by_the_lid_and_by_the_phone_number(system: System, instance: Instance) -> None:
    await known_contact(system, instance, PHONE, lid=LID)
    await system.chat_with(instance, PHONE)
    assert await address(system, instance, LID) == PHONE
    assert await address(system, instance, "6281234567890") == PHONE


async def test_the_state_of_a_chat_that_is_not_stored_is_made_where_the_persons_messages_will_arrive(
    system: System, instance: Instance
) -> None:
    await known_contact(system, instance, LID, phoneJid=PHONE)
    assert await address(system, instance, "+62 812 3456 7890") == LID


async def test_another_sessions_chat_of_that_number_is_left_alone(system: System, instance: Instance) -> None:
    other = await system.instance(organization=instance.organization)
    await system.chat_with(other, PHONE)
    await system.chat_with(instance, PHONE)
    await address(system, instance, PHONE)
    chat = await system.chat(other, PHONE)
    assert chat is not None
    assert chat["mutedUntil"] is None


async def test_the_state_of_a_chat_that_is_not_stored_is_made_under_the_address_that_the_connector_chose(
    system: System, instance: Instance
) -> None:
    owned = {"session": instance.session, "organization": instance.organization}
    kept = {"_id": f"{instance.session}|{PHONE}", **owned, "jid": PHONE, "chosen": LID}
    await system.pipeline.database[Collection.ADDRESSES].insert_one(kept)
    assert await address(system, instance, "+62 812 3456 7890") == LID
