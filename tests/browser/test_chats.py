"""Chats, messages and channels, as the simulated network goes on."""

import re
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Request, expect

from tests.browser.console import Console
from tests.end_to_end.live.system import UNABLE
from tests.faults.tcp_proxy import TcpProxy
from waypost_local.ports import LOOPBACK

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

ALICE = "6281234567890@s.whatsapp.net"
"""In the session that nobody serves."""
QUIET = {"session": UNABLE, "cid": ALICE}
"""A chat that the simulated network does not change."""


@pytest.mark.parametrize(("name", "flag"), [("Archive", "archived"), ("Pin", "pinned"), ("Mute", "mutedUntil")])
async def test_a_flag_is_shown_set_and_read_by_everybody(console: Console, name: str, flag: str) -> None:
    before = bool((await console.system.owner("getChat", names=QUIET)).json()[flag])
    await console.sign_in()
    await console.open_chat(UNABLE, ALICE)
    await console.action(name).click()
    await expect(console.action(name)).to_have_attribute("aria-pressed", str(not before).lower())
    await console.system.until("getChat", QUIET, lambda chat: bool(chat[flag]) is not before)


async def test_a_flag_that_is_refused_is_taken_back(console: Console) -> None:
    await console.sign_in()
    await console.open_chat(UNABLE, ALICE)
    before = await console.action("Mute").get_attribute("aria-pressed")
    await console.refuse("**/chats/*", "PATCH")
    await console.action("Mute").click()
    await expect(console.page.locator("#alerts")).to_contain_text("refused for the test")
    await expect(console.action("Mute")).to_have_attribute("aria-pressed", str(before))


async def test_a_chat_is_marked_read_and_unread(console: Console) -> None:
    chat = (await console.system.owner("getChat", names=QUIET)).json()
    unread = chat["unreadCount"] > 0 or chat["markedUnread"]
    await console.sign_in()
    await console.open_chat(UNABLE, ALICE)
    mark = console.row(ALICE).locator(".unread")
    await expect(mark).to_have_count(int(unread))
    for now in (not unread, unread):
        await console.action("Mark unread" if now else "Mark read").click()
        await expect(mark).to_have_count(int(now))
        await console.system.until("getChat", QUIET, lambda chat, now=now: (chat["unreadCount"] or chat["markedUnread"]) == now)


async def test_what_is_set_elsewhere_is_shown_without_asking(console: Console) -> None:
    await console.sign_in()
    await console.open_chat(UNABLE, ALICE)
    muted = (await console.system.owner("getChat", names=QUIET)).json()["mutedUntil"] is not None
    body = {"unmute": True} if muted else {"mutedUntil": 253402300799000}
    await console.system.owner("updateChat", names=QUIET, json=body)
    await expect(console.action("Mute")).to_have_attribute("aria-pressed", str(not muted).lower())


async def test_what_is_sent_elsewhere_is_shown_without_asking(console: Console) -> None:
    session, jid = console.system.stage.session, console.system.stage.another
    await console.sign_in()
    await console.open_chat(session, jid)
    text = f"Told elsewhere {uuid4().hex}"
    await console.system.send(session, jid, text)
    await expect(console.page.locator(".message .body", has_text=text)).to_be_visible()


async def test_a_text_is_sent_by_keyboard_edited_and_deleted_for_everyone(console: Console) -> None:
    session, jid = console.system.stage.session, console.system.stage.person
    await console.sign_in()
    await console.open_chat(session, jid)
    page, text = console.page, f"Hello {uuid4().hex}"
    await page.get_by_label("Message", exact=True).fill(text)
    await page.keyboard.press("Enter")
    message = page.locator(".message.mine:not([data-id^=sending])", has_text=text)
    await expect(message.locator(".ticks")).to_have_attribute("data-status", re.compile("sent|delivered|read|played"))
    identifier = await message.get_attribute("data-id")
    same = page.locator(f'[data-id="{identifier}"]')
    await same.get_by_role("button", name="Edit").click()
    await page.get_by_label("Text").fill("Edited now")
    await console.agree("Save")
    await expect(same.locator(".body")).to_have_text("Edited now")
    await expect(same.locator(".meta")).to_contain_text("edited")
    await same.get_by_role("button", name="React").click()
    await console.agree("React")
    await expect(same.get_by_label("Reactions")).to_be_visible()
    await same.get_by_role("button", name="Delete").click()
    await console.agree("Delete for everyone")
    await expect(same).to_contain_text("This message was deleted")


async def test_a_text_that_is_not_sent_stays_to_be_tried_again(console: Console) -> None:
    session, jid = console.system.stage.session, console.system.stage.person
    await console.sign_in()
    await console.open_chat(session, jid)
    await console.refuse("**/messages", "POST")
    page, text = console.page, f"Again {uuid4().hex}"
    await page.get_by_label("Message", exact=True).fill(text)
    await page.get_by_role("button", name="Send", exact=True).click()
    failed = page.locator(".message", has_text=text)
    await expect(failed).to_contain_text("refused for the test")
    await page.unroute("**/messages")
    await failed.get_by_role("button", name="Try again").click()
    await expect(page.locator(".message.mine:not([data-id^=sending])", has_text=text)).to_have_count(1)
    await expect(page.locator(".message", has_text=text)).to_have_count(1)


async def test_a_chat_is_deleted_after_a_question(console: Console) -> None:
    cast = console.system.take_session()
    jid = await console.system.until_chat(cast)
    await console.sign_in()
    await console.open_chat(cast.session, jid)
    async with console.page.expect_response(lambda answer: answer.request.method == "DELETE") as answered:
        await console.action("Delete").click()
        await console.agree("Delete")
    assert (await answered.value).status == 204
    await expect(console.page.locator(".conversation")).to_contain_text("Choose a chat")


async def test_older_messages_come_as_one_scrolls_up(console: Console) -> None:
    session, jid = console.system.stage.session, console.system.stage.group
    names = {"session": session, "cid": jid}
    await console.system.until("listChatMessages", names, lambda page: page["nextCursor"])
    await console.sign_in()
    await console.open_chat(session, jid)
    messages = console.page.locator(".messages article")
    await expect(messages.first).to_be_visible()
    before = await messages.count()
    async with console.page.expect_response(lambda answer: "cursor=" in answer.url):
        await console.page.locator(".messages").evaluate("element => element.scrollTo(0, 0)")
    await expect(messages.nth(before)).to_be_attached()


async def test_what_nobody_can_do_for_a_session_is_greyed_with_the_reason(console: Console) -> None:
    await console.sign_in()
    await console.open_chat(UNABLE, ALICE)
    send = console.page.get_by_role("button", name="Send", exact=True)
    await expect(send).to_have_attribute("aria-disabled", "true")
    await expect(console.page.locator("#why-not")).to_contain_text("does not offer message.send")


async def test_a_broken_stream_is_told_and_taken_up_again(console: Console) -> None:
    await console.page.route("**/api/v1/events", lambda route: route.abort())
    await console.sign_in("read", "manage")
    await console.page.get_by_role("button", name="Sign out").click()
    key = await console.key("read", "events")
    await console.page.get_by_label("API key").fill(key)
    await console.page.keyboard.press("Enter")
    await expect(console.page.locator(".live")).to_have_attribute("data-state", "waiting")
    await console.page.unroute("**/api/v1/events")
    await expect(console.page.locator(".live")).to_have_attribute("data-state", "live")


@pytest_asyncio.fixture(loop_scope="session")
async def wire(console: Console) -> AsyncIterator[TcpProxy]:
    """Between the page and the server. Playwright's `set_offline` only refuses new requests: the open stream would go on."""
    proxy = TcpProxy(httpx.URL(console.address).port or 80)
    await proxy.start()
    console.address = f"http://{LOOPBACK}:{proxy.port}"
    yield proxy
    await proxy.cut()


async def test_after_a_break_it_goes_on_behind_the_last_event_and_shows_what_came_meanwhile(
    console: Console, wire: TcpProxy
) -> None:
    session, jid = console.system.stage.session, console.system.stage.another
    await console.sign_in()
    await console.open_chat(session, jid)
    before, meanwhile = f"Before {uuid4().hex}", f"Meanwhile {uuid4().hex}"
    await console.system.send(session, jid, before)
    await expect(console.page.locator(".message .body", has_text=before)).to_be_visible()
    live = console.page.locator(".live")

    def resumes(asked: Request) -> bool:
        return asked.url.endswith("/api/v1/events") and "last-event-id" in asked.headers

    await wire.cut()
    await expect(live).not_to_have_attribute("data-state", "live")
    await console.system.send(session, jid, meanwhile)
    async with console.page.expect_request(resumes):
        await wire.heal()
    await expect(live).to_have_attribute("data-state", "live")
    await expect(console.page.locator(".message .body", has_text=meanwhile)).to_be_visible()
