"""What the network does wrong by itself when it is told to: connections that end, bans, deliveries that come twice or late."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from tests.faults.fencing import breaches
from tests.integration.connector.conftest import Network
from tests.integration.connector.test_arrivals import StartNetwork
from tests.processes import eventually

from waypost_common.identifiers import SessionId
from waypost_connector.simulated.protocol import Frames, device_key, open_frames
from waypost_connector.simulated.record import ACTS, acts
from waypost_connector.simulated.world import casts
from waypost_local.ports import free_port

SECRET = "known to network and tests"
ONE, OTHER = (cast.session for cast in casts(seed=1, sessions=2, chats=10))
EVENTS = 40
WORLD = ("--sessions", "2", "--chats", "10", "--history", "0", "--rate", "0", "--events", "1")
ALONE = ("--sessions", "1", "--chats", "10", "--history", "0", "--rate", "0", "--events", str(EVENTS))


@pytest.fixture
def environment() -> dict[str, str]:
    """These tests need no Kafka."""
    return {"WAYPOST_NETWORK_PORT": str(free_port()), "WAYPOST_NETWORK_SECRET": SECRET}


Connect = Callable[[], Awaitable[Frames]]


@pytest.fixture
async def connect(environment: dict[str, str]) -> AsyncIterator[Connect]:
    opened: list[Frames] = []

    async def connect() -> Frames:
        opened.append(await open_frames("127.0.0.1", int(environment["WAYPOST_NETWORK_PORT"])))
        return opened[-1]

    yield connect
    for frames in opened:
        frames.close()


async def answer(frames: Frames, frame: dict[str, Any]) -> dict[str, Any]:
    await frames.write(frame)
    return await frames.read() or {"type": "end"}


async def log_in(frames: Frames, session: SessionId) -> str:
    login = {"type": "login", "session": session, "deviceKey": device_key(SECRET, session), "fence": 7, "client": "test"}
    return str((await answer(frames, login))["type"])


async def logged_in(connect: Connect, session: SessionId = ONE) -> Frames:
    frames = await connect()
    assert await log_in(frames, session) == "welcome"
    return frames


async def command(connect: Connect, **fault: Any) -> None:
    assert await answer(await connect(), {"type": "faults", "secret": SECRET, **fault}) == {"type": "faults"}


async def what_comes(frames: Frames) -> list[str]:
    """The types of all frames until the end, other than events."""
    types = []
    while (frame := await frames.read()) is not None:
        types.append(frame["type"])
    return [one for one in types if one != "event"]


async def is_open(frames: Frames) -> bool:
    await frames.write({"type": "ping"})
    while (frame := await frames.read()) is not None:
        if frame["type"] == "pong":
            return True
    return False


async def events(frames: Frames, count: int) -> list[dict[str, Any]]:
    found = [await frames.read() or {"type": "end"} for _ in range(count)]
    assert {frame["type"] for frame in found} <= {"event"}
    return found


async def test_each_connection_ends_so_long_after_its_login_as_often_as_the_option_says(
    start_network: StartNetwork, connect: Connect
) -> None:
    network = start_network(*WORLD, "--fault", "disconnect,seconds=0.2,times=2")
    await network.until_ready()
    for _ in range(2):
        started = time.monotonic()
        frames = await logged_in(connect)
        assert await what_comes(frames) == []
        assert time.monotonic() - started >= 0.2
    frames = await logged_in(connect)
    assert await is_open(frames)
    assert [line["session"] for line in network.record("ended")] == [ONE, ONE]


async def test_connections_end_at_once_and_never_again_when_no_time_is_said(
    start_network: StartNetwork, connect: Connect
) -> None:
    await start_network(*WORLD).until_ready()
    one, other = await logged_in(connect), await logged_in(connect, OTHER)
    await command(connect, kind="disconnect", session=ONE)
    assert await what_comes(one) == []
    assert await is_open(other)
    one = await logged_in(connect)
    assert await is_open(one)
    await command(connect, kind="disconnect")
    assert [await what_comes(one), await what_comes(other)] == [[], []]


async def test_a_banned_session_is_told_and_refused_from_then_on_and_the_others_go_on(
    start_network: StartNetwork, connect: Connect
) -> None:
    network = start_network(*WORLD)
    await network.until_ready()
    one, other = await logged_in(connect), await logged_in(connect, OTHER)
    await command(connect, kind="ban", session=ONE)
    assert await what_comes(one) == ["logged_out"]
    assert await log_in(await connect(), ONE) == "refused"
    assert await is_open(other)
    assert [line["session"] for line in network.record("banned")] == [ONE]


async def test_a_session_is_banned_while_nobody_is_connected(start_network: StartNetwork, connect: Connect) -> None:
    await start_network(*WORLD).until_ready()
    await command(connect, kind="ban", session=ONE)
    assert [await log_in(await connect(), session) for session in (ONE, OTHER)] == ["refused", "welcome"]


async def test_a_ban_strikes_a_call_which_is_not_made(start_network: StartNetwork, connect: Connect) -> None:
    network = start_network(*WORLD, "--fault", "ban,operation=chat.update,times=1")
    await network.until_ready()
    frames = await logged_in(connect)
    call = {"type": "call", "id": 1, "command": "c", "operation": "chat.update", "payload": {"chatJid": "c"}}
    await frames.write(call)
    assert await what_comes(frames) == ["logged_out"]
    assert await log_in(await connect(), ONE) == "refused"
    assert network.record("called") == []


async def test_a_ban_comes_so_long_after_a_login(start_network: StartNetwork, connect: Connect) -> None:
    await start_network(*WORLD, "--fault", f"ban,seconds=0.1,session={ONE}").until_ready()
    other = await logged_in(connect, OTHER)
    one = await logged_in(connect)
    assert await what_comes(one) == ["logged_out"]
    assert await is_open(other)


def duplicates(network: Network) -> list[str]:
    return [name for line in network.record("delivered") for name in line.get("duplicates", [])]


async def test_events_come_again_in_order_after_the_others_and_are_done_when_they_are_acknowledged_too(
    start_network: StartNetwork, connect: Connect
) -> None:
    network = start_network(*ALONE, "--once", "--fault", "duplicate,times=3")
    await network.until_ready()
    frames = await logged_in(connect)
    made = [await frames.read() or {"type": "end"}]
    while len(made) < len({event["id"] for event in made}) + 3:
        made += await events(frames, 1)
    originals, again = made[:-3], made[-3:]
    assert [event["sequence"] for event in made] == list(range(1, len(made) + 1))
    assert [event | {"sequence": 0} for event in again] == [event | {"sequence": 0} for event in originals[:3]]
    assert duplicates(network) == [event["id"] for event in again]
    await frames.write({"type": "acknowledge", "through": len(made)})
    assert await asyncio.to_thread(network.wait) == 0


async def test_an_event_that_was_acknowledged_comes_again_on_the_next_connection_and_no_third_time(
    start_network: StartNetwork, connect: Connect
) -> None:
    network = start_network(*ALONE, "--fault", "duplicate,seconds=0.5,times=2")
    await network.until_ready()
    frames = await logged_in(connect)
    first = await events(frames, EVENTS)
    await frames.write({"type": "acknowledge", "through": EVENTS})
    await eventually(lambda: len(network.acknowledged()) == EVENTS, "all acknowledged")
    frames.close()
    for _ in range(2):  # not acknowledged at first: as any other it comes until it is
        frames = await logged_in(connect)
        rest = await events(frames, 2)
        while rest[0]["id"] != first[0]["id"]:
            rest = [*rest[1:], *await events(frames, 1)]
        assert [event["id"] for event in rest] == [event["id"] for event in first[:2]]
        frames.close()
    frames = await logged_in(connect)
    await events(frames, 2)
    await frames.write({"type": "acknowledge", "through": rest[-1]["sequence"]})

    async def nothing_waits() -> bool:
        _, metrics = await asyncio.to_thread(network.probe, "/metrics")
        return "\nwaypost_network_queued_events 0.0" in metrics

    await eventually(nothing_waits, "nothing waits")
    assert set(duplicates(network)) == {event["id"] for event in first[:2]}


async def test_the_next_events_wait_as_long_as_they_are_told_to(start_network: StartNetwork, connect: Connect) -> None:
    await start_network(*ALONE, "--fault", "delay,seconds=0.3,times=1").until_ready()
    started = time.monotonic()
    frames = await logged_in(connect)
    await events(frames, 1)
    assert time.monotonic() - started >= 0.3


async def test_the_record_tells_of_each_act_by_which_client_and_under_which_fence_it_was_done(
    start_network: StartNetwork, connect: Connect
) -> None:
    network = start_network(*ALONE)
    await network.until_ready()
    frames = await logged_in(connect)
    await events(frames, EVENTS)
    await frames.write({"type": "acknowledge", "through": EVENTS})
    call = {"type": "call", "id": 1, "command": "c", "operation": "chat.update", "payload": {"chatJid": "c", "muted": True}}
    assert (await answer(frames, call))["type"] == "result"
    await eventually(lambda: len(network.acknowledged()) == EVENTS, "all acknowledged")
    lines = network.record(*ACTS)
    assert {act[1:] for act in acts(lines)} == {(kind, ONE, "test", 7) for kind in ACTS}
    assert breaches(lines) == []
