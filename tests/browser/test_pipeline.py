"""The pipeline as operators see it."""

import re

import pytest
from playwright.async_api import Route, expect

from tests.browser.console import Console

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]


async def test_events_lag_and_hops_are_drawn_as_they_come(console: Console) -> None:
    await console.sign_in()
    page = console.page
    await page.get_by_role("button", name="Pipeline").click()
    rate = page.get_by_role("img", name=re.compile("^Events a second: now [1-9]"))
    await expect(rate).to_be_visible()
    await expect(rate.locator("polyline")).to_have_attribute("points", re.compile(r"(\S+ ){2}"))
    groups = page.locator("section", has=page.get_by_role("heading", name="Partitions", exact=True)).locator("tbody tr")
    await expect(groups.filter(has_text="waypost.ingest").first.get_by_role("img")).to_be_visible()
    hop = page.locator("tr", has_text="logged to read")
    await expect(hop).to_contain_text(re.compile(r"\d+ ms"))
    await expect(page.get_by_text("Generation 1 is read")).to_be_visible()


async def test_a_dead_letter_is_counted_with_its_reason(console: Console) -> None:
    await console.system.pipeline.publish_raw(b'{"payload": {}}', "broken")
    await console.sign_in("operator")
    await expect(console.page.locator("tr", has_text="wa.events.dlq")).to_contain_text(re.compile(r"schema_violation \d"))


async def test_how_far_a_rebuild_is_is_shown(console: Console) -> None:
    async def building(route: Route) -> None:
        told = await (await route.fetch()).json()
        making = {"generation": 2, "state": "building", "group": "waypost.ingest.g2", "behind": 250, "events": 1000}
        await route.fulfill(json=told | {"making": [making]})

    await console.page.route("**/pipeline", building)
    await console.sign_in("operator")
    bar = console.page.get_by_role("progressbar", name="Generation 2 is building: 750 of 1,000 events")
    await expect(bar).to_have_attribute("value", "750")
