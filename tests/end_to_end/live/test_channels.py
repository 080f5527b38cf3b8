"""Channels made, followed, left and muted over HTTP, as WhatsApp and every reader see them afterwards."""

from typing import Any
from uuid import uuid4

import pytest
from tests.end_to_end.live.callers import error_of
from tests.end_to_end.live.contract import sees
from tests.end_to_end.live.system import LiveSystem
from tests.processes import eventually

from waypost_common.documents import Collection
from waypost_common.jids import ChatType
from waypost_connector.simulated.cast import Cast

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

UNKNOWN = "120363000000000009@newsletter"
LATER_MESSAGES = 30
"""So many of a few sessions' messages without a post of their channels are no accident: about every ninth is one."""


async def create(system: LiveSystem, **body: Any) -> str:
    answer = await system.owner("createChannel", names={"session": system.stage.session}, json={"name": "News", **body})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["jid"])


async def ask(system: LiveSystem, operation: str, jid: str, **request: Any) -> int:
    names = {"session": system.stage.session, "jid": jid}
    return (await system.owner(operation, names=names, **request)).status_code


async def channel(system: LiveSystem, jid: str) -> dict[str, Any]:
    answer = await system.owner("getChannel", names={"session": system.stage.session, "jid": jid})
    assert answer.status_code == 200
    return dict(answer.json())


@sees("createChannel", 201)
async def test_a_created_channel_can_be_read_at_once_and_is_ones_own(system: LiveSystem) -> None:
    jid = await create(system, name="Harbour news 🎈", description="Ships that come and go")
    found = await channel(system, jid)
    assert (found["name"], found["description"], found["role"], found["followed"]) == (
        "Harbour news 🎈",
        "Ships that come and go",
        "owner",
        True,
    )
    assert await create(system) != jid


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "  "},
        {"name": "x" * 101},
        {"name": 5},
        {"name": None},
        {"name": ["News"]},
        {"name": "News", "description": "x" * 2_049},
        {"name": "News", "description": 5},
    ],
    ids=str,
)
@sees("createChannel", 400)
async def test_a_channel_without_a_proper_name_is_400_and_is_not_made(system: LiveSystem, body: Any) -> None:
    before = await system.live_commands()
    answer = await system.owner("createChannel", names={"session": system.stage.session}, json=body)
    assert error_of(answer) == (400, "validation_error")
    assert answer.json()["error"]["details"]["fields"].keys() <= {"name", "description"}
    assert await system.live_commands() == before


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"News"', b"\xff"])
@sees("createChannel", 400)
async def test_a_channel_made_of_something_else_than_an_object_is_400(system: LiveSystem, body: bytes) -> None:
    answer = await system.owner("createChannel", names={"session": system.stage.session}, content=body)
    assert error_of(answer) == (400, "validation_error")


@sees("createChannel", 201)
async def test_a_channel_is_made_once_for_each_idempotency_key(system: LiveSystem) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    answers = [
        await caller("createChannel", names={"session": system.stage.session}, json={"name": "Once"}, headers=headers)
        for caller in (system.owner, system.owner, system.hasty)
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(201, answers[0].text)}


@sees("followChannel", 204, 404)
async def test_a_channel_is_followed_as_often_as_one_likes_if_there_is_one(system: LiveSystem) -> None:
    jid = await create(system)
    assert [await ask(system, "unfollowChannel", jid), await ask(system, "followChannel", jid)] == [204, 204]
    assert await ask(system, "followChannel", jid) == 204
    assert (await channel(system, jid))["followed"] is True
    assert await ask(system, "followChannel", UNKNOWN) == 404


@sees("unfollowChannel", 204, 404)
async def test_leaving_what_one_does_not_follow_changes_nothing(system: LiveSystem) -> None:
    jid = await create(system)
    assert [await ask(system, "unfollowChannel", jid) for _ in range(2)] == [204, 204]
    assert (await channel(system, jid))["followed"] is False
    assert await ask(system, "unfollowChannel", UNKNOWN) == 404


@pytest.mark.parametrize("body", [{}, {"content": b""}, {"json": {}}, {"json": {"mute": True}}, {"json": {"other": 1}}], ids=str)
@sees("muteChannel", 204)
async def test_muting_needs_no_body_and_is_no_toggle(system: LiveSystem, body: dict[str, Any]) -> None:
    jid = await create(system)
    for _ in range(2):
        assert await ask(system, "muteChannel", jid, **body) == 204
        assert (await channel(system, jid))["muted"] is True


@sees("muteChannel", 204)
async def test_unmuting_is_no_toggle(system: LiveSystem) -> None:
    jid = await create(system)
    assert await ask(system, "muteChannel", jid) == 204
    for _ in range(2):
        assert await ask(system, "muteChannel", jid, json={"mute": False}) == 204
        assert (await channel(system, jid))["muted"] is False


@pytest.mark.parametrize("body", [b'{"mute": "yes"}', b'{"mute": null}', b'{"mute": 1}', b"[true]", b"{"])
@sees("muteChannel", 400)
async def test_muting_with_something_else_than_true_or_false_is_400(system: LiveSystem, body: bytes) -> None:
    assert await ask(system, "muteChannel", system.stage.channel, content=body) == 400


@sees("muteChannel", 404)
async def test_muting_what_is_no_channel_is_404(system: LiveSystem) -> None:
    for jid in (UNKNOWN, system.stage.person, "nonsense"):
        assert await ask(system, "muteChannel", jid) == 404


async def test_a_raw_at_sign_in_the_path_is_as_good_as_an_encoded_one(system: LiveSystem) -> None:
    url = f"/api/v1/sessions/{system.stage.session}/channels/{system.stage.channel}:mute"
    assert "@" in url
    assert (await system.owner("muteChannel", url=url)).status_code == 204


@sees("unfollowChannel", 204)
async def test_after_a_channel_was_left_its_posts_stop_and_the_stored_ones_stay(system: LiveSystem) -> None:
    left = [await with_posts(system, cast) for cast in (system.casts[0], *(system.take_session() for _ in range(3)))]
    for names in left:
        assert (await system.owner("unfollowChannel", names=names)).status_code == 204
    await later_messages(system, left, 10)  # what was on its way still comes
    stored = [await posts(system, names) for names in left]
    await later_messages(system, left, LATER_MESSAGES)
    assert [await posts(system, names) for names in left] == stored
    assert all(stored)


async def with_posts(system: LiveSystem, cast: Cast) -> dict[str, str]:
    """Names a channel of the session, once a post of it is stored."""
    names = {"session": cast.session, "jid": await system.until_chat(cast, ChatType.NEWSLETTER)}
    await system.until("listChannelMessages", names, lambda page: page["data"])
    return names


async def posts(system: LiveSystem, names: dict[str, str]) -> Any:
    return (await system.owner("listChannelMessages", names=names)).json()["data"]


async def later_messages(system: LiveSystem, channels: list[dict[str, str]], count: int) -> None:
    """Until so many more are stored in the sessions of these channels."""
    messages = system.pipeline.database[Collection.MESSAGES]
    theirs = {"session": {"$in": [names["session"] for names in channels]}}
    wanted = count + await messages.count_documents(theirs)

    async def there() -> bool:
        return await messages.count_documents(theirs) >= wanted

    await eventually(there, f"{count} more messages", every=0.2)
