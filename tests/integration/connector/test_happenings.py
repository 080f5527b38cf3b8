"""What a test makes happen in the network."""

from typing import Any

import pytest
from tests.integration.connector.test_arrivals import StartNetwork

from waypost_connector.simulated.protocol import Frames, device_key, open_frames
from waypost_connector.simulated.world import casts
from waypost_local.ports import free_port

SECRET = "known to network and tests"
[CAST] = casts(seed=1, sessions=1, chats=1)
WORLD = ("--sessions", "1", "--chats", "1", "--history", "0", "--events", "1", "--scan-seconds", "0")
LOGIN = {"type": "login", "session": CAST.session, "deviceKey": device_key(SECRET, CAST.session)}


@pytest.fixture
def environment() -> dict[str, str]:
    """These tests need no Kafka."""
    return {"WAYPOST_NETWORK_PORT": str(free_port()), "WAYPOST_NETWORK_SECRET": SECRET}


async def test_an_event_arrives_and_a_code_is_accepted_when_a_test_says_so(
    start_network: StartNetwork, environment: dict[str, str]
) -> None:
    await start_network(*WORLD).until_ready()

    async def connect() -> Frames:
        return await open_frames("127.0.0.1", int(environment["WAYPOST_NETWORK_PORT"]))

    async def happen(kind: str, session: str = CAST.session, **fields: Any) -> bool:
        await control.write({"type": kind, "secret": SECRET, "session": session, **fields})
        answer = await control.read()
        assert answer is not None
        return bool(answer["done"])

    control, client, pairing, stranger = [await connect() for _ in range(4)]
    await client.write(LOGIN)
    assert (await client.read() or {})["type"] == "welcome"
    assert await happen("arrive", event="presence.update", payload={"jid": "1@s.whatsapp.net", "presence": "available"})
    while (frame := await client.read()) is not None and frame["event"] != "presence.update":
        assert frame["type"] == "event"
    assert not await happen("scan", "new")
    assert not await happen("arrive", "new", event="presence.update", payload={})
    await pairing.write({"type": "pair", "secret": SECRET, "session": "new", "organization": "o"})
    assert (await pairing.read() or {})["type"] == "code"
    assert await happen("shown", "new")
    assert await happen("scan", "new")
    assert (await pairing.read() or {})["type"] == "paired"
    await stranger.write({"type": "scan", "secret": "guessed", "session": CAST.session})
    assert await stranger.read() == {"type": "refused", "reason": "wrong_secret"}
    for frames in (control, client, pairing, stranger):
        frames.close()
