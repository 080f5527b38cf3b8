"""Channels and their posts."""

from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import expect

from tests.browser.console import Console
from waypost_common.jids import ChatType

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]


async def test_a_channel_is_made_muted_left_and_followed_again(console: Console) -> None:
    await console.sign_in()
    await console.open_chats(console.system.stage.session)
    page, name = console.page, f"News {uuid4().hex[:8]}"
    await page.get_by_role("button", name="Channels").click()
    await page.get_by_role("button", name="New channel").click()
    await page.get_by_label("Name").fill(name)
    await console.agree("Create")
    await expect(page.locator(".conversation-head h2")).to_have_text(name)
    await console.action("Mute channel").click()
    await expect(console.action("Mute channel")).to_have_attribute("aria-pressed", "true")
    await console.action("Unfollow").click()
    async with page.expect_response("**/*:unfollow"):
        await console.agree("Unfollow")
    await console.action("Follow").click()
    await expect(console.action("Unfollow")).to_be_visible()

    def as_wanted(listed: Any) -> bool:
        return any(one["name"] == name and one["muted"] and one["followed"] for one in listed["data"])

    await console.system.until("listChannels", {"session": console.system.stage.session}, as_wanted, params={"limit": 200})


async def test_the_posts_of_a_channel_are_shown_and_none_can_be_written(console: Console) -> None:
    cast = console.system.casts[0]
    jid = console.system.chat(cast, ChatType.NEWSLETTER)
    await console.sign_in()
    await console.open_chat(cast.session, jid)
    await expect(console.page.locator(".messages article").first).to_be_visible()
    await expect(console.page.get_by_role("button", name="Send", exact=True)).to_have_attribute("aria-disabled", "true")


async def test_a_channel_is_followed_by_its_jid(console: Console) -> None:
    session = console.system.stage.session
    made = await console.system.owner("createChannel", names={"session": session}, json={"name": f"Found {uuid4().hex[:8]}"})
    names = {"session": session, "jid": made.json()["jid"]}
    await console.system.owner("unfollowChannel", names=names)
    await console.sign_in()
    await console.open_chats(session)
    page = console.page
    await page.get_by_role("button", name="Channels").click()
    await page.locator(".list").get_by_role("button", name="Follow", exact=True).click()
    await page.get_by_label("The channel's JID").fill("not a JID")
    await console.agree("Follow")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.get_by_label("The channel's JID").fill(names["jid"])
    await console.agree("Follow")
    await expect(page.locator(".conversation-head", has_text=names["jid"])).to_be_visible()
    await console.system.until("getChannel", names, lambda channel: channel["followed"])


async def test_a_change_of_a_channel_that_is_refused_is_taken_back(console: Console) -> None:
    session, name = console.system.stage.session, f"Kept {uuid4().hex[:8]}"
    await console.system.owner("createChannel", names={"session": session}, json={"name": name})
    await console.sign_in()
    await console.open_chats(session)
    page = console.page
    await page.get_by_role("button", name="Channels").click()
    await page.locator('[role="option"]', has_text=name).click()
    await console.refuse("**/*:mute", "POST")
    await console.action("Mute channel").click()
    await expect(page.locator("#alerts")).to_contain_text("refused for the test")
    await expect(console.action("Mute channel")).to_have_attribute("aria-pressed", "false")
