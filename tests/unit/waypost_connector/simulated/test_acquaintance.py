"""People whose addresses become known one after the other."""

from collections import defaultdict

import pytest

from waypost_common.identifiers import Jid
from waypost_connector.addresses import FirstSight, Sighting, sighting
from waypost_connector.simulated.session_world import SessionWorld
from waypost_connector.simulated.world import casts

[CAST] = casts(seed=1, sessions=1, chats=40)
LID_OF = {person.phone: person.lid for chat in CAST.chats for person in chat.people if person.lid and person.phone}


@pytest.fixture(scope="module")
def sightings() -> list[Sighting]:
    """In the order in which they come."""
    world = SessionWorld(CAST)
    drafts = (draft for step in range(2_000) for draft in world.step(step))
    return [seen for draft in drafts if (seen := sighting(draft.event, draft.payload, draft.alternative)) is not None]


def by_person(sightings: list[Sighting]) -> dict[Jid, list[str]]:
    """How each person with two addresses was named, each way once, as it came."""
    ways: dict[Jid, list[str]] = defaultdict(list)
    for seen in sightings:
        lid = LID_OF.get(seen.jid, seen.jid)
        way = "both" if seen.alternative else "lid" if seen.jid == lid else "phone"
        if lid in LID_OF.values() and way not in ways[lid]:
            ways[lid].append(way)
    return ways


def test_somebody_is_seen_by_lid_alone_then_by_both_then_by_phone_alone(sightings: list[Sighting]) -> None:
    assert ["lid", "both", "phone"] in by_person(sightings).values()


def test_nobody_is_named_by_an_address_before_it_is_known_whose_it_is(sightings: list[Sighting]) -> None:
    for ways in by_person(sightings).values():
        assert not {"lid", "phone"} <= set(ways) or "both" in ways


def test_each_person_has_one_chat(sightings: list[Sighting]) -> None:
    addresses = FirstSight()
    chosen = {(seen.jid, seen.alternative): addresses.choose(seen.jid, seen.alternative) for seen in sightings}
    for phone, lid in LID_OF.items():
        assert len({chat for (jid, _), chat in chosen.items() if jid in (lid, phone)}) <= 1
