"""Who may see the page, and the sessions on it."""

import asyncio
import re

import pytest
from playwright.async_api import Route, expect

from tests.browser.console import Console

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]


async def test_a_wrong_key_is_told_and_nothing_is_shown(console: Console) -> None:
    await console.page.goto(f"{console.address}/console")
    await console.page.get_by_label("API key").fill("wa_wrong")
    await console.page.get_by_role("button", name="Sign in").click()
    await expect(console.page.locator(".failure")).not_to_be_empty()
    await expect(console.page.get_by_role("navigation")).to_have_count(0)


async def test_the_key_is_kept_nowhere_and_signing_out_forgets_it(console: Console) -> None:
    await console.sign_in()
    page = console.page
    kept = await page.evaluate("() => [location.href, document.cookie, {...localStorage}, {...sessionStorage}, history.state]")
    assert kept == [f"{console.address}/console", "", {}, {}, 0]
    assert "wa_" not in await page.content()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("API key")).to_have_value("")
    await page.reload()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()


async def test_what_a_key_may_do_is_told_and_views_that_it_lacks_are_not_there(console: Console) -> None:
    await console.sign_in("read")
    await expect(console.page.get_by_role("button", name="Pipeline")).to_have_count(0)
    await expect(console.page.locator(".live")).to_have_attribute("data-state", "off")
    await console.page.locator(".who summary").click()
    await expect(console.page.locator(".who .tag")).to_have_text(["read"])
    stop = console.session(console.system.stage.session).get_by_role("button", name="Stop")
    await expect(stop).to_have_attribute("aria-disabled", "true")
    await expect(stop).to_have_attribute("title", re.compile("permission manage"))


async def test_a_session_is_stopped_after_a_question_and_started_again(console: Console) -> None:
    name = console.system.restarted
    await console.sign_in()
    card = console.session(name)
    await card.get_by_role("button", name="Stop").click()
    await console.page.keyboard.press("Escape")
    await expect(console.page.get_by_role("dialog")).to_have_count(0)
    await expect(card.locator(".status")).to_have_text("Working")
    await card.get_by_role("button", name="Stop").click()
    await console.agree("Stop")
    await expect(card.locator(".status")).to_have_text("Stopped")
    await card.get_by_role("button", name="Start").click()
    await expect(card.locator(".status")).to_have_text("Working")


async def test_a_change_that_is_refused_is_taken_back_and_told(console: Console) -> None:
    name = console.system.restarted
    await console.sign_in()
    await console.refuse("**/*:stop", "POST")
    await console.session(name).get_by_role("button", name="Stop").click()
    await console.agree("Stop")
    await expect(console.page.locator("#alerts")).to_contain_text("refused for the test")
    await expect(console.session(name).locator(".status")).to_have_text("Working")


async def test_a_new_session_shows_its_code_until_the_phone_has_scanned_it_and_is_logged_out(console: Console) -> None:
    await console.sign_in()
    card = await console.new_session("Paired here")
    await expect(card.locator("canvas.qr")).to_be_visible()
    await expect(card.locator(".status")).to_have_text("Working")
    await expect(card.locator("canvas.qr")).to_have_count(0)
    await card.get_by_role("button", name="Log out").click()
    await console.agree("Log out")
    await expect(card.locator(".status")).to_have_text("Logged out")


async def test_a_code_to_type_is_shown(console: Console) -> None:
    await console.sign_in()
    card = await console.new_session("Typed here")
    await card.get_by_label("Or the phone's number").fill("628123456789")
    await console.page.keyboard.press("Enter")
    await expect(card.locator(".pairing-code")).to_have_text(re.compile("[A-Z0-9]{4}-[A-Z0-9]{4}"))


async def test_a_number_being_typed_keeps_the_focus_while_the_session_changes(console: Console) -> None:
    typed = asyncio.Event()

    async def changed(route: Route) -> None:
        await typed.wait()
        answer = await route.fetch()
        await route.fulfill(json=await answer.json() | {"label": "Named anew", "status": "scan_qr_code"})

    await console.page.route(re.compile("/api/v1/sessions/[^/?]+$"), changed)
    await console.sign_in()
    card = await console.new_session("Named at first")
    await card.get_by_label("Or the phone's number").fill("628123")
    typed.set()
    phone = console.session("Named anew").get_by_label("Or the phone's number")
    await expect(phone).to_have_value("628123")
    await expect(phone).to_be_focused()
    await console.page.keyboard.type("456789")
    await expect(phone).to_have_value("628123456789")
