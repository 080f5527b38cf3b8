"""The codes that a session to pair is shown."""

import asyncio
from typing import Any

import pytest

from waypost_common.identifiers import OrganizationId, SessionId
from waypost_connector.simulated import accounts
from waypost_connector.simulated.accounts import Accounts, PairingRequest
from waypost_connector.simulated.mailboxes import Login
from waypost_connector.simulated.protocol import ConnectionEndedError

REQUEST = PairingRequest(SessionId("s"), OrganizationId("o"), "628123456789")


class Line:
    """A client that reads everything and says nothing."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.gone = asyncio.Event()

    async def write(self, *frames: dict[str, Any]) -> None:
        self.frames += frames
        if len(self.frames) >= 5:
            self.gone.set()

    async def read(self) -> None:
        await self.gone.wait()


class Disk:
    async def write(self, _what: str, **_facts: object) -> None:
        return


async def test_the_code_to_scan_is_replaced_again_and_again_and_the_one_to_type_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "SCANNED_SECONDS", 0.02)
    disk: Any = Disk()
    line: Any = Line()
    nothing: Any = None
    never = Accounts(nothing, disk, nothing, secret="", scan_seconds=0)
    with pytest.raises(ConnectionEndedError):
        await never.pair(Login(1, line), REQUEST, None)
    assert [frame["typed"] for frame in line.frames] == [True, False, False, False, False]
    assert len({frame["code"] for frame in line.frames}) == 5
