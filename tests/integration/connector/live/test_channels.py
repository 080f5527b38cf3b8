"""Channels made, followed, left and muted by commands."""

from typing import Any

import pytest
from tests.integration.connector.live.conftest import Live

from waypost_common.jids import ChatType

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def channel(live: Live, jid: str) -> dict[str, Any]:
    found = await live.pipeline.database["channels"].find_one({"session": live.cast.session, "jid": jid})
    assert found is not None
    return dict(found)


async def test_a_channel_is_made_once_and_is_ones_own(live: Live) -> None:
    command = await live.ask("channel.create", {"name": "News", "description": "of the shop"})
    outcome = await live.outcome(command)
    made = await channel(live, outcome["result"]["jid"])
    assert (made["name"], made["description"], made["role"]) == ("News", "of the shop", "owner")
    assert len(live.calls(command)) == 1


async def test_a_channel_is_left_followed_and_muted_as_often_as_one_likes(live: Live) -> None:
    jid = {"jid": live.chat(ChatType.NEWSLETTER)}
    for name, payload in (
        ("channel.unfollow", jid),
        ("channel.unfollow", jid),
        ("channel.follow", jid),
        ("channel.mute", jid | {"mute": True}),
        ("channel.mute", jid | {"mute": True}),
    ):
        assert (await live.outcome(await live.ask(name, payload)))["status"] == "succeeded", name
    assert (await channel(live, jid["jid"]))["muted"]


async def test_an_unknown_channel_is_not_found(live: Live) -> None:
    for name in ("channel.follow", "channel.unfollow"):
        outcome = await live.outcome(await live.ask(name, {"jid": "120363000000000009@newsletter"}))
        assert (outcome["status"], outcome["code"]) == ("rejected", "not_found")
