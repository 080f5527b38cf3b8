"""People whose addresses WhatsApp tells one after the other: first the LID alone, later both, at last the phone number alone."""

from dataclasses import replace
from typing import Final

from waypost_common.jids import ChatType
from waypost_connector.simulated.cast import Cast, Chat
from waypost_connector.simulated.drafts import Draft
from waypost_connector.simulated.openings import contact_facts, is_login, newest_at, opens_at

SHARE: Final = 0.3
"""Of those with two addresses whose chat begins after the login."""
STEPS_BY_LID: Final = 250
"""Steps of the session after the chat's beginning."""
STEPS_BY_BOTH: Final = 250


def as_known(cast: Cast, chat: Chat, step: int) -> Chat:
    """The chat as WhatsApp names it and its person in that step."""
    if not _comes_slowly(cast, chat):
        return chat
    person, age = chat.people[0], step - opens_at(cast, chat)
    if age < STEPS_BY_LID:
        person = replace(person, phone=None)
    elif age >= STEPS_BY_LID + STEPS_BY_BOTH:
        person = replace(person, lid=None)
    return replace(chat, jid=person.lid or person.jid, people=(person,))


def introduction(cast: Cast, step: int) -> list[Draft]:
    """Tells the other address of the person for whom the time has come in this step."""
    begun = step - STEPS_BY_LID
    chat = newest_at(cast, max(begun, 0))
    if opens_at(cast, chat) != begun or not _comes_slowly(cast, chat):
        return []
    return [contact_facts(as_known(cast, chat, step), 0)]


def _comes_slowly(cast: Cast, chat: Chat) -> bool:
    if chat.type is not ChatType.DM or is_login(cast, opens_at(cast, chat)):
        return False
    person = chat.people[0]
    return person.lid is not None and person.phone is not None and cast.random("acquaintance", chat.rank).random() < SHARE
