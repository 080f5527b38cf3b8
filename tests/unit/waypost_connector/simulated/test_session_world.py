"""The stream of one session."""

from collections import Counter
from itertools import count, takewhile

import pytest

from waypost_common.jids import ChatType, chat_type
from waypost_connector.simulated.acquaintance import as_known
from waypost_connector.simulated.drafts import Draft
from waypost_connector.simulated.openings import opens_at
from waypost_connector.simulated.session_world import SessionWorld
from waypost_connector.simulated.world import casts


def test_a_step_can_be_made_anew_by_a_process_that_made_none_before() -> None:
    [cast], [again] = casts(seed=9, sessions=1, chats=8), casts(seed=9, sessions=1, chats=8)
    world = SessionWorld(cast, history=30)
    stream = [world.step(number) for number in range(60)]
    assert [SessionWorld(again, history=30).step(number) for number in (0, 3, 17, 59)] == [stream[n] for n in (0, 3, 17, 59)]


def at_login(world: SessionWorld) -> list[Draft]:
    return [draft for number in takewhile(world.is_login, count()) for draft in world.step(number)]


@pytest.mark.parametrize("chats", [10, 40, 200])
def test_history_is_spread_over_the_chats_known_at_login_in_about_the_number_asked_for(chats: int) -> None:
    [cast] = casts(seed=9, sessions=1, chats=chats)
    messages = [draft for draft in at_login(SessionWorld(cast, history=500)) if draft.event.startswith("message")]
    handed = [draft for draft in messages if draft.payload.get("history") and "targetId" not in draft.payload]
    assert 470 <= len(handed) <= 530
    of_chats = Counter(draft.alternative or draft.payload["chatJid"] for draft in handed)
    assert len(of_chats) == cast.known_at_login
    assert max(of_chats.values()) > 500 / 8


@pytest.mark.parametrize("seed", [pytest.param(seed, marks=[pytest.mark.slow] if seed >= 5 else []) for seed in range(20)])
def test_at_its_first_login_a_session_is_handed_chats_of_all_kinds_and_what_happened_in_them(seed: int) -> None:
    world = SessionWorld(casts(seed=seed, sessions=1, chats=200)[0], history=400)
    drafts = at_login(world)
    chats = {draft.payload["chatJid"] for draft in drafts if draft.event == "message"}
    kinds = Counter(chat_type(jid) for jid in chats)
    assert kinds.keys() == {ChatType.DM, ChatType.GROUP, ChatType.NEWSLETTER, ChatType.STATUS}
    assert kinds[ChatType.GROUP] >= 4
    events = {draft.event for draft in drafts}
    assert events >= {"message.from_me", "message.status", "message.reaction", "message.edited", "message.revoked", "poll.vote"}
    fields = {name for draft in drafts for name, value in draft.payload.items() if value}
    assert fields >= {"poll", "media", "quotedMessageId", "mentions", "selectedHashes", "views"}


def test_the_chats_that_begin_after_the_login_have_no_history() -> None:
    [cast] = casts(seed=9, sessions=1, chats=60)
    world = SessionWorld(cast, history=500)
    later = [draft for number in range(cast.known_at_login, 200) for draft in world.step(number)]
    begun = {draft.payload.get("jid") or draft.payload.get("groupJid") for draft in later}
    chats = [as_known(cast, chat, opens_at(cast, chat)) for chat in cast.chats]
    assert {chat.jid for chat in chats} <= begun | {chat.jid for chat in chats[: cast.known_at_login]}
    assert not any(draft.payload.get("history") for draft in later)


def test_a_world_of_one_chat_goes_on() -> None:
    [cast] = casts(seed=9, sessions=1, chats=1)
    world = SessionWorld(cast)
    assert sum(len(world.step(number)) for number in range(100)) > 100
