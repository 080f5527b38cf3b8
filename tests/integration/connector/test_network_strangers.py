"""Connections to the network that never log in."""

import socket
from contextlib import ExitStack, closing

import pytest
from tests.integration.connector.conftest import Network
from tests.integration.connector.test_arrivals import StartNetwork
from tests.processes import eventually

from waypost_connector.simulated.protocol import device_key, open_frames
from waypost_connector.simulated.server import MOST_STRANGERS
from waypost_connector.simulated.world import casts
from waypost_local.ports import free_port

SECRET = "known to network and tests"
[CAST] = casts(seed=1, sessions=1, chats=10)
WORLD = ("--sessions", "1", "--chats", "10", "--history", "0")


@pytest.fixture
def environment() -> dict[str, str]:
    """These tests need no Kafka."""
    return {"WAYPOST_NETWORK_PORT": str(free_port()), "WAYPOST_NETWORK_SECRET": SECRET}


def is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def most_strangers_at_once(network: Network) -> int:
    """Of those that were let in, by the record."""
    there: set[int] = set()
    most = 0
    for line in network.record("connected", "logged_in", "left"):
        (there.add if line["what"] == "connected" else there.discard)(line["connection"])
        most = max(most, len(there))
    return most


async def test_strangers_are_bounded_in_number_and_time_and_hold_up_nobody(
    start_network: StartNetwork, environment: dict[str, str]
) -> None:
    """They say nothing, or send pings whose answers they do not read."""
    network = start_network(*WORLD)
    await network.until_ready()
    port = int(environment["WAYPOST_NETWORK_PORT"])
    with ExitStack() as stack:
        good = stack.enter_context(closing(await open_frames("127.0.0.1", port)))
        await good.write({"type": "login", "session": CAST.session, "deviceKey": device_key(SECRET, CAST.session)})
        strangers: list[socket.socket] = []

        def there() -> list[socket.socket]:
            return [stranger for stranger in strangers if not is_closed(stranger)]

        def full() -> bool:
            """Others come where so much time has passed that the first were turned out again."""
            if (open_ones := len(there())) < MOST_STRANGERS:
                for _ in range(MOST_STRANGERS + 50 - open_ones):
                    strangers.append(stack.enter_context(socket.create_connection(("127.0.0.1", port))))
                    strangers[-1].setblocking(False)
            return most_strangers_at_once(network) >= MOST_STRANGERS

        await eventually(full, "as many as may come are in")
        await eventually(lambda: len(there()) <= MOST_STRANGERS, "the others were turned away")
        for stranger in there()[:20]:
            stranger.send(b'{"type":"ping"}\n' * 10_000)
        await good.write({"type": "ping"})
        while (await good.read() or {"type": "end"})["type"] != "pong":
            pass
    assert most_strangers_at_once(network) == MOST_STRANGERS

    async def has_room() -> bool:
        with closing(await open_frames("127.0.0.1", port)) as frames:
            try:
                await frames.write({"type": "ping"})
                return await frames.read() == {"type": "pong"}
            except OSError:
                return False

    await eventually(has_room, "there is room again")
