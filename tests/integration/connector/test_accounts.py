"""Sessions that the network gives accounts to, and takes them from."""

import signal
from dataclasses import replace

import pytest
from pydantic import SecretStr
from tests.integration.connector.conftest import Network
from tests.integration.connector.test_arrivals import StartNetwork

from waypost_common.identifiers import OrganizationId, SessionId
from waypost_connector.backend import Connection, ConnectionLostError, Device, LoggedOutError, Paired, PairingCode
from waypost_connector.conformance import KeysInMemory
from waypost_connector.simulated.client import SimulatedBackend
from waypost_connector.simulated.settings import NetworkAddress
from waypost_local.ports import free_port

SECRET = "of network and connector"
NEW = Device(SessionId("made-by-a-program"), OrganizationId("org_elsewhere"), paired=False)
PAIRED = replace(NEW, paired=True)
WORLD = ("--sessions", "1", "--events", "1", "--scan-seconds", "0.1")


@pytest.fixture
def environment() -> dict[str, str]:
    """These tests need no Kafka."""
    return {"WAYPOST_NETWORK_PORT": str(free_port()), "WAYPOST_NETWORK_SECRET": SECRET}


@pytest.fixture
def backend(environment: dict[str, str]) -> SimulatedBackend:
    address = NetworkAddress(port=int(environment["WAYPOST_NETWORK_PORT"]), secret=SecretStr(SECRET))
    return SimulatedBackend(address, client="test")


async def pair(
    backend: SimulatedBackend, phone: str | None = None, store: KeysInMemory | None = None
) -> tuple[list[PairingCode], Paired]:
    *codes, paired = [step async for step in backend.pair(NEW, store or KeysInMemory(), phone)]
    assert isinstance(paired, Paired)
    return [code for code in codes if isinstance(code, PairingCode)], paired


async def drain(connection: Connection) -> None:
    async for delivery in connection.events():
        await connection.acknowledge([delivery])


async def again(network: Network) -> None:
    """Killed and started again."""
    network.end(signal.SIGKILL)
    network.start()
    await network.until_ready()


async def listed(backend: SimulatedBackend) -> dict[str, Device]:
    return {device.session: device for device in await backend.devices()}


async def test_a_session_has_one_account_for_good_linked_and_unlinked_as_it_asks(
    start_network: StartNetwork, backend: SimulatedBackend
) -> None:
    network = start_network(*WORLD)
    await network.until_ready()
    store = KeysInMemory()
    codes, paired = await pair(backend, store=store)
    assert [code.typed for code in codes] == [False]
    assert store.keys is not None
    await again(network)
    assert (await listed(backend))[NEW.session] == PAIRED
    connection = await backend.connect(PAIRED, store)
    assert connection.identity == paired.identity
    for _ in range(2):
        await backend.unlink(PAIRED, store)
    with pytest.raises(LoggedOutError):
        await drain(connection)
    await connection.disconnect()
    await again(network)
    assert not (await listed(backend))[NEW.session].paired
    with pytest.raises(LoggedOutError):
        await backend.connect(PAIRED, store)
    _, anew = await pair(backend, store=store)
    assert anew.identity == paired.identity
    await (await backend.connect(PAIRED, store)).disconnect()


async def test_with_a_phone_number_there_is_a_code_to_type_beside_the_one_to_scan(
    start_network: StartNetwork, backend: SimulatedBackend
) -> None:
    await start_network(*WORLD).until_ready()
    codes, _ = await pair(backend, "628123456789")
    assert {code.typed for code in codes} == {True, False}


async def test_nobody_is_paired_or_unlinked_without_the_secret(
    start_network: StartNetwork, backend: SimulatedBackend, environment: dict[str, str]
) -> None:
    network = start_network(*WORLD)
    await network.until_ready()
    address = NetworkAddress(port=int(environment["WAYPOST_NETWORK_PORT"]), secret=SecretStr("another network's secret"))
    stranger = SimulatedBackend(address, client="stranger")
    [device] = await backend.devices()
    with pytest.raises(ConnectionLostError):
        await pair(stranger)
    with pytest.raises(ConnectionLostError):
        await stranger.unlink(device, KeysInMemory())
    assert (await listed(backend)) == {device.session: device}
    assert [line["reason"] for line in network.record("refused")] == ["wrong_secret"] * 2
