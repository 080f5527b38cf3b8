"""The list of chats: its order, keys, and ten thousand of them."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Route, expect

from tests.browser.console import Console
from tests.end_to_end.live.system import UNABLE
from tests.processes import eventually

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

MANY = 10_000
LONGEST_FRAME_MS = 200
"""Of all but one frame in twenty: what a person calls jank on any machine. On an idle one it is a tenth of that."""


async def test_chats_are_in_the_order_of_the_api(console: Console) -> None:
    await console.sign_in()
    await console.open_chats(UNABLE)

    async def in_order() -> bool:
        listed = (await console.system.owner("listChats", names={"session": UNABLE})).json()["data"]
        tops = await console.page.locator('[role="option"]').evaluate_all(
            "rows => rows.map(row => [row.getBoundingClientRect().top, row.id])"
        )
        shown = [identifier for _, identifier in sorted(tops)]
        return len(shown) == len(listed) > 1 and all(
            identifier.endswith(f"-{chat['jid']}") for identifier, chat in zip(shown, listed, strict=True)
        )

    await eventually(in_order, "the page lists the chats as the API does")


async def test_the_list_is_walked_by_arrow_keys_and_a_chat_opened_by_enter(console: Console) -> None:
    await console.sign_in()
    await console.open_chats(console.system.stage.session)
    listbox = console.page.get_by_role("listbox")
    await listbox.focus()
    await console.page.keyboard.press("End")
    last = await listbox.get_attribute("aria-activedescendant")
    await console.page.keyboard.press("ArrowUp")
    await expect(listbox).not_to_have_attribute("aria-activedescendant", str(last))
    await console.page.keyboard.press("Enter")
    await expect(console.page.get_by_label("Message", exact=True)).to_be_visible()


# The live session's own chats come on top.
TO_THE_END = """async element => {
  const end = performance.now() + 60_000;
  const frames = [];
  let before = performance.now();
  while (!/10,\\d{3} chats/.test(document.body.innerText) && performance.now() < end) {
    element.scrollTo(0, element.scrollHeight);
    await new Promise(requestAnimationFrame);
    frames.push(performance.now() - before);
    before = performance.now();
  }
  await new Promise(requestAnimationFrame);
  element.scrollTo(0, element.scrollHeight);
  return frames;
}"""


async def test_ten_thousand_chats_are_a_few_rows_at_a_time(
    console: Console, record_property: Callable[[str, object], None]
) -> None:
    async def many(route: Route) -> None:
        first = int(re.search(r"cursor=(\d+)", route.request.url)[1]) if "cursor=" in route.request.url else 0  # type: ignore[index]
        await route.fulfill(
            json={
                "data": [chat(place) for place in range(first, first + 200)],
                "nextCursor": str(first + 200) if first + 200 < MANY else None,
            }
        )

    await console.page.route("**/chats?*", many)
    await console.sign_in()
    await console.open_chats(console.system.stage.session)
    page = console.page
    frames = sorted(await page.get_by_role("listbox").evaluate(TO_THE_END))
    record_property("frames", f"{len(frames)} frames, median {frames[len(frames) // 2]:.0f} ms, longest {frames[-1]:.0f} ms")
    assert frames[len(frames) * 19 // 20] < LONGEST_FRAME_MS
    await expect(page.get_by_text("Chat 9999", exact=True)).to_be_visible()
    assert await page.locator(".virtual-row").count() < 60


def chat(place: int) -> dict[str, Any]:
    return {
        "id": place, "sessionId": "S", "jid": f"{10_000_000 + place}@s.whatsapp.net", "type": "dm", "name": f"Chat {place}",
        "unreadCount": 0, "markedUnread": False, "archived": False, "pinned": False, "mutedUntil": None,
        "lastMessageAt": 1_700_000_000_000 - place,
    }  # fmt: skip
