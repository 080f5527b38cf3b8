"""Sends over a session's limit, as the network recorded them."""

import asyncio

import pytest
from pydantic import SecretStr
from tests.integration.connector.conftest import Network
from tests.integration.connector.test_arrivals import StartNetwork
from tests.processes import eventually
from tests.unit.waypost_connector.live.scene import accepted, scene

from waypost_common.identifiers import SessionId
from waypost_connector.conformance import KeysInMemory
from waypost_connector.live.budget import SendLimit
from waypost_connector.live.intake import Accepted
from waypost_connector.live.lanes import Lanes
from waypost_connector.live.sessions import Line
from waypost_connector.simulated.client import SimulatedBackend
from waypost_connector.simulated.settings import NetworkAddress
from waypost_local.ports import free_port

LIMIT = SendLimit(2, 1.5)
WAITING = 4


@pytest.fixture
def environment() -> dict[str, str]:
    """No Kafka is needed: what the connector says goes to a double."""
    return {"WAYPOST_NETWORK_PORT": str(free_port()), "WAYPOST_NETWORK_SECRET": "of network and connector"}


def sends(network: Network) -> list[tuple[str, int]]:
    return [(line["command"], line["at"]) for line in network.record("called")]


async def test_sends_that_may_wait_go_out_in_their_order_and_never_more_than_the_limit_allows(
    start_network: StartNetwork, environment: dict[str, str]
) -> None:
    network = start_network("--sessions", "1", "--events", "1")
    await network.until_ready()
    backend = SimulatedBackend(
        NetworkAddress(port=int(environment["WAYPOST_NETWORK_PORT"]), secret=SecretStr(environment["WAYPOST_NETWORK_SECRET"])),
        client="test",
    )
    [device] = await backend.devices()
    connection = await backend.connect(device, KeysInMemory())
    commands = [accepted("message.send", payload={"mayWait": True}) for _ in range(WAITING)]
    finished: list[Accepted] = []
    async with scene(limits=[LIMIT]) as one, asyncio.TaskGroup() as tasks:
        one.sessions.connect(SessionId("S1"), Line(connection, one.hold, one.line.record_of))
        lanes = Lanes(one.executor.execute, finished.append, tasks)
        for command in commands:
            lanes.offer(command)
        refused = accepted("message.send")
        await eventually(lambda: len(sends(network)) >= LIMIT.count, "the first ones sent")
        lanes.offer(refused)
        await eventually(lambda: len(finished) == WAITING + 1, "all of them finished")
        outcome = one.kafka.on("wa.outcomes")[0]
    await connection.disconnect()
    assert (outcome["command"], outcome["code"]) == (refused.command.id, "rate_limited")
    names, times = zip(*sends(network), strict=True)
    assert list(names) == [command.command.id for command in commands]
    # The record's line is written a moment after the send was counted.
    assert all(later - earlier > LIMIT.seconds * 1_000 * 0.8 for earlier, later in zip(times, times[LIMIT.count :], strict=False))
