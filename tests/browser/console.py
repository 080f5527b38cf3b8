"""What a person does at the console."""

from playwright.async_api import Locator, Page, Route, expect

from tests.end_to_end.live.system import LiveSystem
from waypost_common.identifiers import OrganizationId
from waypost_connector.simulated.world import DEFAULT_ORGANIZATION
from waypost_store.keys import create_key

PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)


class Console:
    def __init__(self, system: LiveSystem, page: Page) -> None:
        self.system = system
        self.page = page
        self.address = system.owner.address
        """Where the page is signed in from."""

    async def key(self, *permissions: str) -> str:
        organization = OrganizationId(DEFAULT_ORGANIZATION)
        _, key = await create_key(self.system.pipeline.database, organization=organization, permissions=list(permissions))
        return key

    async def sign_in(self, *permissions: str) -> None:
        key = await self.key(*(permissions or ("read", "send", "manage", "events", "operator")))
        await self.page.goto(f"{self.address}/console")
        await self.page.get_by_label("API key or login token").fill(key)
        await self.page.keyboard.press("Enter")
        await expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()
        if not permissions or "events" in permissions:
            await expect(self.page.locator(".live")).to_have_attribute("data-state", "live")

    def session(self, name: str) -> Locator:
        """The card of the session of that id."""
        return self.page.locator(".session", has_text=name)

    async def new_session(self, label: str) -> Locator:
        """The card of the session that is made."""
        await self.page.get_by_role("button", name="New session").click()
        await self.page.get_by_label("Label").fill(label)
        await self.agree("Create")
        return self.session(label).first

    async def open_chats(self, session: str) -> None:
        await self.session(session).get_by_role("button", name="Chats").click()
        await expect(self.page.locator(".virtual-row").first).to_be_visible()

    async def open_chat(self, session: str, jid: str) -> None:
        await self.open_chats(session)
        await self.row(jid).click()
        await expect(self.page.locator(".conversation-head", has_text=jid)).to_be_visible()

    def row(self, jid: str) -> Locator:
        return self.page.locator(f'[role="option"][id$="-{jid}"]')

    def action(self, name: str) -> Locator:
        """A button in the head of the open chat, once it can be used: until then its name has the reason in it."""
        return self.page.locator(".conversation-head").get_by_role("button", name=name, exact=True)

    async def agree(self, action: str) -> None:
        await self.page.get_by_role("dialog").get_by_role("button", name=action, exact=True).click()

    async def refuse(self, pattern: str, method: str, status: int = 503) -> None:
        """Has the server refuse such requests from now on."""

        async def refused(route: Route) -> None:
            if route.request.method != method:
                await route.fallback()
                return
            await route.fulfill(status=status, json={"error": {"code": "gateway_unavailable", "message": "refused for the test"}})

        await self.page.route(pattern, refused)
