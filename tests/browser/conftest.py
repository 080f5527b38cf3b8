"""A real Chromium in front of the running system: started once, with a page of its own for each test."""

import logging
import shutil
from collections.abc import AsyncIterator
from importlib.resources import files
from typing import Any, Final, Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.browser.console import PATIENCE_MS, Console
from tests.end_to_end.live import system as live
from tests.end_to_end.live.system import LiveSystem, Size

log = logging.getLogger(__name__)

SIZE: Final = Size(sessions=4, chats=12, scanned_after_s=8)
"""So few chats that all of a list are in the page: it holds only what can be seen and a little more."""
DEVICES: Final[dict[str, dict[str, Any]]] = {
    "desktop": {"viewport": {"width": 1200, "height": 780}},
    "phone": {"viewport": {"width": 390, "height": 780}, "is_mobile": True, "has_touch": True},
}
ARGUMENTS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

Scheme = Literal["light", "dark"]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Debian's, since it is the machine's own; Playwright downloads none."""
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("there is no chromium (Debian: apt-get install chromium)")
    return found


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def system(
    chromium: str, kafka_server: str, mongod_server: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[LiveSystem]:
    async with live.running(kafka_server, mongod_server, tmp_path_factory.mktemp("browser"), set(), SIZE) as one:
        yield one


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        yield await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)


@pytest.fixture
def device() -> str:
    return "desktop"


@pytest.fixture
def scheme() -> Scheme:
    return "light"


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser, device: str, scheme: Scheme) -> AsyncIterator[BrowserContext]:
    one = await browser.new_context(**DEVICES[device], color_scheme=scheme, locale="en-GB", reduced_motion="reduce")
    one.set_default_timeout(PATIENCE_MS)
    yield one
    await one.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> AsyncIterator[Page]:
    """Fails the test where a script failed or the page's policy was broken."""
    one = await context.new_page()
    wrong: list[str] = []
    one.on("pageerror", lambda error: wrong.append(str(error)))
    one.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    one.on("requestfailed", lambda request: log.warning("%s: %s", request.url, request.failure))
    one.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
    yield one
    # What a test answers in the server's stead may be under way, and ends with the page.
    await one.unroute_all(behavior="ignoreErrors")
    # Shown where the test has failed.
    log.warning("the page in the end: %s", await one.locator("body").inner_text())
    assert not wrong


@pytest.fixture
def console(system: LiveSystem, page: Page) -> Console:
    return Console(system, page)


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checker's source."""
    return (files("axe_playwright_python") / "axe.min.js").read_text()
