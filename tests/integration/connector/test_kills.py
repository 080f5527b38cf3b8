"""The connector killed again and again at moments that nobody chose: a short form of a soak."""

import random
import signal
from collections import Counter

import pytest
from tests.integration.connector.conftest import Network
from tests.integration.connector.test_arrivals import ReadEvents, StartNetwork, assert_in_order_per_chat, ids_of
from tests.processes import Process, eventually

EVENTS = 2_000
KILLS = 3
SEED = 7

pytestmark = pytest.mark.slow


def reached(network: Network, count: int) -> bool:
    return len(network.acknowledged()) >= count


async def test_every_acknowledged_event_is_in_kafka_and_in_order_per_chat_whenever_the_connector_is_killed(
    start_network: StartNetwork, connector: Process, read_events: ReadEvents
) -> None:
    chance = random.Random(SEED)
    network = start_network("--sessions", "4", "--chats", "30", "--history", "50", "--events", str(EVENTS), "--rate", "500")
    moments = sorted(chance.sample(range(1, EVENTS), KILLS))
    for moment in moments:
        connector.start()
        await eventually(lambda least=moment: reached(network, least), f"{moment} acknowledged")
        connector.end(signal.SIGKILL)
        assert network.acknowledged().keys() <= set(ids_of(await read_events()))
    connector.start()
    await eventually(lambda: reached(network, EVENTS), "all acknowledged")
    records = await read_events()
    acknowledged = network.acknowledged()
    copies = Counter(ids_of(records))
    assert acknowledged.keys() <= copies.keys()
    assert max(copies.values()) <= 1 + KILLS
    assert_in_order_per_chat(records, acknowledged)
