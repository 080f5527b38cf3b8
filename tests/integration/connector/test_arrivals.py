"""From the network's queue to wa.events, with things that break on the way."""

import asyncio
import signal
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any

from tests.integration.connector.conftest import Network
from tests.processes import Process, eventually

from waypost_common.events import EVENT_ADAPTER, encode_event, key_of

EVENTS = 1_500
WORLD = ("--sessions", "4", "--chats", "20", "--history", "50", "--events", str(EVENTS))

StartNetwork = Callable[..., Network]
ReadEvents = Callable[[], Awaitable[list[Any]]]


def ids_of(records: list[Any]) -> list[str]:
    return [EVENT_ADAPTER.validate_json(record.value).id for record in records]


def assert_in_order_per_chat(records: list[Any], sequences: dict[str, int]) -> None:
    """Whatever was published again, each chat's events appear for the first time in WhatsApp's order."""
    chats: dict[bytes, list[int]] = defaultdict(list)
    for record in records:
        sequence = sequences.get(EVENT_ADAPTER.validate_json(record.value).id)
        if sequence is not None and sequence not in chats[record.key]:
            chats[record.key].append(sequence)
    assert chats
    assert all(order == sorted(order) for order in chats.values())


def all_acknowledged(network: Network) -> Callable[[], bool]:
    return lambda: len(network.acknowledged()) >= EVENTS


async def test_every_event_reaches_kafka_once_with_its_key_and_headers_when_nothing_breaks(
    start_network: StartNetwork, connector: Process, read_events: ReadEvents
) -> None:
    network = start_network(*WORLD, "--rate", "0")
    connector.start()
    await eventually(all_acknowledged(network), "all acknowledged")
    records = [record for record in await read_events() if dict(record.headers)["event"] != b"session.status"]
    assert sorted(ids_of(records)) == sorted(network.acknowledged())
    for record in records:
        event = EVENT_ADAPTER.validate_json(record.value)
        assert record.key.decode() == key_of(event)
        assert dict(record.headers) == {
            "event": event.event.encode(),
            "schema": b"v1",
            "gateway": b"connector-1",
            "fence": b"1",
        }
    assert_in_order_per_chat(records, network.acknowledged())


async def test_a_connected_session_is_told_as_working_with_who_it_is(
    start_network: StartNetwork, connector: Process, read_events: ReadEvents
) -> None:
    start_network("--sessions", "1", "--events", "1")
    connector.start()

    async def states() -> list[Any]:
        events = [EVENT_ADAPTER.validate_json(record.value) for record in await read_events()]
        return [event.payload for event in events if event.event == "session.status"]

    async def working() -> bool:
        return [payload.status for payload in await states()] == ["starting", "working"]

    await eventually(working, "starting, then working")
    payload = (await states())[-1]
    assert payload.backend == "simulated"
    assert "message.send" in (payload.operations or [])
    assert payload.gateway_id == "connector-1"
    assert payload.phone_number.startswith("999")
    assert payload.wa_jid.endswith("@s.whatsapp.net")
    assert payload.wa_lid.endswith("@lid")
    assert payload.label == "Simulated 1"
    assert payload.desired is None  # what is wanted, the store says


async def test_what_the_network_recorded_as_acknowledged_is_in_kafka_in_order_after_the_connector_was_killed(
    start_network: StartNetwork, connector: Process, read_events: ReadEvents
) -> None:
    network = start_network(*WORLD, "--rate", "700")
    for killed_at in (200, 600):
        connector.start()
        await eventually(lambda least=killed_at: len(network.acknowledged()) > least, "some acknowledged")
        connector.end(signal.SIGKILL)
        assert set(network.acknowledged()) <= set(ids_of(await read_events()))
    connector.start()
    await eventually(all_acknowledged(network), "all acknowledged")
    records = await read_events()
    assert set(network.acknowledged()) <= set(ids_of(records))
    assert_in_order_per_chat(records, network.acknowledged())


async def test_a_killed_network_goes_on_where_it_was_and_repeats_nothing_that_was_acknowledged(
    start_network: StartNetwork, connector: Process, read_events: ReadEvents
) -> None:
    network = start_network(*WORLD, "--rate", "700")
    connector.start()
    await eventually(lambda: len(network.acknowledged()) > 300, "some acknowledged")
    network.end(signal.SIGKILL)
    network.start()
    await eventually(all_acknowledged(network), "all acknowledged")
    records = await read_events()
    assert set(network.acknowledged()) <= set(ids_of(records))
    assert_in_order_per_chat(records, network.acknowledged())
    acknowledged = [name for line in network.record("acknowledged") for name in line["ids"]]
    assert len(acknowledged) == len(set(acknowledged))
    first_line_after = next(i for i, line in enumerate(network.record("started", "delivered")) if i and line["what"] == "started")
    before: dict[str, int] = {}
    for line in network.record("acknowledged", "started"):
        if line["what"] == "started" and before:
            break
        if line["what"] == "acknowledged":
            before[line["session"]] = line["sequences"][-1]
    for line in network.record("started", "delivered")[first_line_after + 1 :]:
        assert line["first"] > before.get(line["session"], 0)


async def test_on_sigterm_the_connector_ends_with_0_and_what_it_took_is_acknowledged(
    start_network: StartNetwork, connector: Process, read_events: ReadEvents
) -> None:
    network = start_network(*WORLD, "--rate", "500")
    connector.start()
    await eventually(lambda: len(network.acknowledged()) > 100, "some acknowledged")
    assert await asyncio.to_thread(connector.end) == 0
    await eventually(lambda: len(network.record("disconnected")) == 4, "all disconnected")
    published = [name for name in ids_of(await read_events()) if name in network.acknowledged()]
    assert sorted(published) == sorted(network.acknowledged())
    assert "Traceback" not in connector.log


async def test_without_kafka_the_connector_is_alive_and_not_ready_and_ends_in_time(
    start_network: StartNetwork, connector: Process
) -> None:
    network = start_network(*WORLD)
    connector.environment = connector.environment | {"WAYPOST_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    connector.start()

    async def alive() -> bool:
        return (await asyncio.to_thread(connector.probe, "/healthz"))[0] == 200

    await eventually(alive, "alive")
    status, body = await asyncio.to_thread(connector.probe, "/readyz")
    assert status == 503
    assert "kafka at 127.0.0.1:1 does not answer" in body
    assert await asyncio.to_thread(connector.end) == 0
    assert network.acknowledged() == {}


async def test_the_connector_is_ready_once_kafka_and_the_network_answer(start_network: StartNetwork, connector: Process) -> None:
    connector.start()

    async def waits_for_the_network() -> bool:
        status, body = await asyncio.to_thread(connector.probe, "/readyz")
        return status == 503 and "no simulated network at" in body

    await eventually(waits_for_the_network, "waits for the network")
    network = start_network(*WORLD, "--rate", "0")
    await connector.until_ready()
    await eventually(all_acknowledged(network), "all acknowledged")
    _, metrics = await asyncio.to_thread(connector.probe, "/metrics")
    assert 'waypost_connector_sessions{phase="working"} 4.0' in metrics
    assert "waypost_connector_buffered_events 0.0" in metrics
    assert 'waypost_connector_published_events_total{event="message"}' in metrics


async def test_a_published_event_is_as_the_contract_encodes_it(
    start_network: StartNetwork, connector: Process, read_events: ReadEvents
) -> None:
    network = start_network("--sessions", "1", "--events", "100", "--rate", "0")
    connector.start()
    await eventually(lambda: len(network.acknowledged()) >= 100, "all acknowledged")
    for record in await read_events():
        assert encode_event(EVENT_ADAPTER.validate_json(record.value)) == record.value
