"""The simulated backend keeps to the protocol, against a real network process."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr
from tests.integration.connector.conftest import Network

from waypost_common.errors import ErrorCode
from waypost_common.identifiers import Jid, OrganizationId, SessionId
from waypost_connector.backend import Device
from waypost_connector.conformance import BackendConformance, CallFault, Counterpart
from waypost_connector.simulated.client import SimulatedBackend
from waypost_connector.simulated.protocol import Frame, open_frames
from waypost_connector.simulated.settings import NetworkAddress
from waypost_local.ports import free_port

SECRET = "of network and connector"
WORLD = ("--sessions", "1", "--chats", "4", "--history", "0", "--events", "1", "--scan-seconds", "0")
FRIEND = Jid("628120000002@s.whatsapp.net")
FAULTS: dict[CallFault, Frame] = {
    CallFault.REFUSED: {"kind": "refuse", "code": ErrorCode.FORBIDDEN},
    CallFault.LIMITED: {"kind": "limit", "seconds": 30},
    CallFault.UNANSWERED: {"kind": "hold", "seconds": 600},
    CallFault.CUT: {"kind": "lose"},
}

numbers = count(1)


class SimulatedWhatsApp:
    """A `waypost_connector.conformance.Counterpart`: one session of the network, which no other test uses."""

    chat = FRIEND

    def __init__(self, network: Network) -> None:
        self.device = Device(SessionId(f"conformance-{next(numbers)}"), OrganizationId("org_demo"), paired=False)
        self._network = network
        self._port = int(network.environment["WAYPOST_NETWORK_PORT"])
        self._texts: dict[str, str] = {}

    def backend(self) -> SimulatedBackend:
        return SimulatedBackend(NetworkAddress(port=self._port, secret=SecretStr(SECRET)), client="conformance")

    def stranded(self) -> SimulatedBackend:
        return SimulatedBackend(NetworkAddress(port=free_port(), secret=SecretStr(SECRET)), client="conformance")

    async def shows_codes(self) -> bool:
        return bool((await self._ask("shown"))["done"])

    async def accept(self) -> None:
        await self._ask("scan")

    async def arrive(self, *texts: str) -> None:
        for text in texts:
            message = {"chatJid": FRIEND, "senderJid": FRIEND, "fromMe": False, "type": "text", "hasMedia": False, "timestamp": 0}
            payload = message | {"waMessageId": f"IN{next(numbers)}", "body": text}
            self._texts[f"evt_{(await self._ask('arrive', event='message', payload=payload))['id']}"] = text

    async def unacknowledged(self) -> Sequence[str]:
        done = await asyncio.to_thread(self._network.acknowledged)
        return [text for event_id, text in self._texts.items() if event_id not in done]

    async def logins(self) -> int:
        return len(await self._recorded("logged_in"))

    async def cut(self) -> None:
        await self._ask("faults", kind="disconnect")

    async def log_out(self) -> None:
        await self._ask("unlink")

    async def linked(self) -> bool:
        changes = await self._recorded("paired", "unlinked")
        return bool(changes) and changes[-1]["what"] == "paired"

    async def sent(self) -> int:
        return len([call for call in await self._recorded("called") if call["outcome"] == "done"])

    async def strike(self, fault: CallFault) -> None:
        await self._ask("faults", times=1, **FAULTS[fault])

    async def _recorded(self, *what: str) -> list[Frame]:
        lines = await asyncio.to_thread(self._network.record, *what)
        return [line for line in lines if line["session"] == self.device.session]

    async def _ask(self, kind: str, /, **fields: object) -> Frame:
        frames = await open_frames("127.0.0.1", self._port)
        try:
            await frames.write({"type": kind, "secret": SECRET, "session": self.device.session, **fields})
            answer = await frames.read()
        finally:
            frames.close()
        assert answer is not None
        return answer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def network(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Network]:
    folder: Path = tmp_path_factory.mktemp("conformance")
    one = Network(folder, {"WAYPOST_NETWORK_PORT": str(free_port()), "WAYPOST_NETWORK_SECRET": SECRET}, *WORLD)
    one.start()
    try:
        await one.until_ready()
        yield one
    finally:
        one.end(signal.SIGKILL)


class TestSimulated(BackendConformance):
    @pytest.fixture
    def whatsapp(self, network: Network) -> Counterpart:
        return SimulatedWhatsApp(network)
