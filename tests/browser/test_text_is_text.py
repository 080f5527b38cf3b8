"""What people write is shown as they wrote it, wherever it stands, and never becomes part of the page."""

from hashlib import sha256
from typing import Any

import pytest
from playwright.async_api import expect

from tests import events
from tests.browser.console import Console
from tests.events import now
from waypost_common.events import Event
from waypost_common.identifiers import new_session_id
from waypost_connector.simulated.world import DEFAULT_ORGANIZATION

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

SCRIPT = "<script>window.broken = 1</script>"
IMAGE = "<img src=x onerror='window.broken = 1'>"
SVG = '"><svg onload=window.broken=1>'
LINK = "<a href='javascript:window.broken=1'>{{constructor}}</a>"
HEBREW = "שלום <b>עולם</b>"
PERSON, GROUP, CHANNEL = "6281234567890@s.whatsapp.net", "120363021234567890@g.us", "120363012345678901@newsletter"


def written(session: str) -> list[Event]:
    """A session in which every name and body is markup."""
    envelope = {"session": session, "organization": DEFAULT_ORGANIZATION}

    def happened(kind: str, /, **payload: Any) -> Event:
        return events.event(kind, payload, **envelope)

    def said(identifier: str, chat: str, **fields: Any) -> Event:
        return events.message(identifier, chat=chat, envelope=envelope, senderJid=PERSON, pushName=IMAGE, **fields)

    poll = {"name": SCRIPT, "options": [IMAGE, SVG], "selectableCount": 1}
    target = {"chatJid": PERSON, "fromMe": False, "hasMedia": False, "timestamp": now(), "senderJid": PERSON}
    vote = [sha256(IMAGE.encode()).hexdigest()]
    return [
        happened("session.status", status="working", operations=["message.send"], label=SCRIPT),
        happened("contact.update", jid=PERSON, fullName=IMAGE),
        said("M1", PERSON, body=SCRIPT),
        said("M2", PERSON, body=HEBREW, quotedMessageId="M1"),
        said("M3", PERSON, type="poll", body=None, poll=poll),
        said("M4", PERSON, type="location", body=None, location={"latitude": 1.0, "longitude": 2.0, "name": SVG}),
        said("M5", PERSON, type="contact", body=None, contact={"displayName": LINK, "vcard": SCRIPT}),
        said("M6", PERSON, body="to be edited"),
        happened("message.edited", **target, waMessageId="E1", targetId="M6", type="text", body=LINK),
        happened("message.reaction", **target, waMessageId="R1", targetId="M1", type="reaction", reaction="<i>!</i>"),
        happened("poll.vote", **target, waMessageId="V1", targetId="M3", type="poll", selectedHashes=vote),
        happened("group.update", groupJid=GROUP, subject=SVG, description=SCRIPT, timestamp=now()),
        said("G1", GROUP, body=LINK),
        happened("newsletter.update", jid=CHANNEL, action="join", name=SCRIPT, description=IMAGE),
        said("C1", CHANNEL, body=IMAGE),
    ]


async def test_markup_in_every_name_and_body_is_shown_as_text(console: Console) -> None:
    session, page = new_session_id(), console.page
    await console.system.pipeline.publish(written(session))
    for jid in (PERSON, GROUP, CHANNEL):
        await console.system.until("getChat", {"session": session, "cid": jid}, lambda chat: chat["name"])
    await console.sign_in()
    card = console.session(session)
    await expect(card.locator("h2")).to_have_text(SCRIPT)
    await console.open_chat(session, PERSON)
    await expect(console.row(PERSON)).to_contain_text(IMAGE)
    await expect(page.locator(".conversation-head h2")).to_have_text(IMAGE)
    shown = {name: page.locator(f'[data-id="{name}"]') for name in ("M1", "M2", "M3", "M4", "M5", "M6")}
    await expect(shown["M1"].locator(".body")).to_have_text(SCRIPT)
    await expect(shown["M1"].get_by_label("Reactions")).to_have_text("<i>!</i>")
    await expect(shown["M2"].locator(".quote")).to_contain_text(SCRIPT)
    await expect(shown["M2"].locator(".body")).to_have_text(HEBREW)
    await expect(shown["M2"].locator(".body")).to_have_css("direction", "rtl")
    await expect(shown["M3"].locator(".poll .name")).to_have_text(SCRIPT)
    await expect(shown["M3"].locator(".poll li")).to_have_text([f"{IMAGE} 1", f"{SVG} 0"])
    await expect(shown["M4"]).to_contain_text(SVG)
    await expect(shown["M5"]).to_contain_text(LINK)
    await expect(shown["M6"].locator(".body")).to_have_text(LINK)
    await shown["M1"].get_by_role("button", name="Reply").click()
    await expect(page.locator(".answering")).to_contain_text(SCRIPT)
    await console.action("Delete").click()
    await expect(page.get_by_role("dialog").locator(".about")).to_have_text(IMAGE)
    await page.keyboard.press("Escape")
    for jid, name, body in ((GROUP, SVG, LINK), (CHANNEL, SCRIPT, IMAGE)):
        await console.row(jid).click()
        await expect(page.locator(".conversation-head h2")).to_have_text(name)
        await expect(page.locator(".message .body")).to_have_text(body)
    await page.get_by_role("button", name="Channels").click()
    await expect(console.row(CHANNEL)).to_contain_text(SCRIPT)
    assert await page.evaluate("() => window.broken") is None
    assert await page.locator("body :is(script, img, a:not(.skip), b, i)").count() == 0
