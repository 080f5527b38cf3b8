"""Each view, light and dark, on a phone and on a desktop: a checker finds nothing serious. Pictures for the docs on demand."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.console import Console

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

PICTURES = os.environ.get("WAYPOST_TEST_PICTURES")
"""A folder to put pictures of the views into."""


async def with_checker(page: Page, axe: str) -> None:
    """Has the page bring the checker along, from its own address: its policy lets nothing else in."""

    async def document(route: Route) -> None:
        answer = await route.fetch()
        text = (await answer.text()).replace("</head>", '<script src="/console/axe.js"></script></head>')
        await route.fulfill(response=answer, body=text)

    await page.route("**/console", document)
    await page.route("**/console/axe.js", lambda route: route.fulfill(body=axe, content_type="text/javascript"))


async def check(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png", animations="disabled")
    found: dict[str, Any] = await page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    serious = {
        one["id"]: [node["html"][:200] for node in one["nodes"]]
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    }
    assert not serious, (name, serious)


@pytest.mark.parametrize("device", ["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_checker_finds_nothing_serious(console: Console, axe: str, device: str, scheme: str) -> None:
    page, stage, kind = console.page, console.system.stage, f"{device}-{scheme}"
    await with_checker(page, axe)
    await page.goto(f"{console.address}/console")
    await check(page, f"sign-in-{kind}")
    await console.sign_in()
    await expect(console.session(stage.session)).to_be_visible()
    await check(page, f"sessions-{kind}")
    await page.get_by_role("button", name="New session").click()
    await page.get_by_label("Label").fill(f"Seen on a {scheme} {device}")
    await check(page, f"dialog-{kind}")
    await console.agree("Create")
    code = console.session(f"Seen on a {scheme} {device}").locator("canvas.qr")
    await expect(code).to_be_visible()
    await code.scroll_into_view_if_needed()
    await check(page, f"pairing-{kind}")
    await console.open_chats(stage.session)
    await check(page, f"chats-{kind}")
    await console.row(stage.group).click()
    await expect(page.locator(".message").last).to_be_visible()
    if device == "desktop":
        await page.locator(".message:not(:has(.faint:text('deleted')))").last.hover()
    await check(page, f"conversation-{kind}")
    if device == "phone":
        assert await page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    await page.get_by_role("button", name="Pipeline").click()
    await expect(page.get_by_role("cell").first).to_be_visible()
    if PICTURES:
        line = page.locator(".plots polyline").first
        await expect(line).to_have_attribute("points", re.compile(r"(\S+ ){18}"), timeout=120_000)
    await check(page, f"pipeline-{kind}")
