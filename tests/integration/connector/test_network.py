"""The network's socket, spoken to directly."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.integration.connector.conftest import Network
from tests.processes import eventually

from waypost_connector.simulated.protocol import CLIENT_FRAME_BYTES, WINDOW, Frames, device_key, open_frames
from waypost_connector.simulated.world import casts
from waypost_local.ports import free_port

CHATS = 10
SECRET = "known to network and connector"
[CAST] = casts(seed=1, sessions=1, chats=CHATS)
KEY = device_key(SECRET, CAST.session)
WORLD = ("--seed", "1", "--sessions", "1", "--chats", str(CHATS), "--history", "0")


@pytest.fixture
def environment() -> dict[str, str]:
    """These tests need no Kafka."""
    return {"WAYPOST_NETWORK_PORT": str(free_port()), "WAYPOST_NETWORK_SECRET": SECRET}


@pytest.fixture
async def connect(environment: dict[str, str]) -> AsyncIterator[Callable[[], Any]]:
    opened: list[Frames] = []

    async def connect() -> Frames:
        frames = await open_frames("127.0.0.1", int(environment["WAYPOST_NETWORK_PORT"]))
        opened.append(frames)
        return frames

    yield connect
    for frames in opened:
        frames.close()


async def log_in(frames: Frames, key: str = KEY) -> dict[str, Any]:
    await frames.write({"type": "login", "session": CAST.session, "deviceKey": key, "fence": 3, "client": "test"})
    answer = await frames.read()
    assert answer is not None
    return answer


async def read(frames: Frames, count: int) -> list[dict[str, Any]]:
    return [frame for _ in range(count) if (frame := await frames.read()) is not None]


async def until_queued(network: Network, events: int) -> None:
    async def enough() -> bool:
        return await queued(network) >= events

    await eventually(enough, f"{events} events are queued")


async def queued(network: Network) -> float:
    _, metrics = await asyncio.to_thread(network.probe, "/metrics")
    return float(metrics.partition("\nwaypost_network_queued_events ")[2].partition("\n")[0])


async def test_events_come_in_order_up_to_the_window_and_go_on_once_acknowledged(
    start_network: Callable[..., Network], connect: Callable[[], Any]
) -> None:
    network = start_network(*WORLD, "--rate", "0", "--events", "1000")
    await network.until_ready()
    await until_queued(network, 1000)  # else the first page may be a small one, which leaves too little room for the next
    frames = await connect()
    assert (await log_in(frames))["identity"]["phoneNumber"].startswith("999")
    events = await read(frames, WINDOW)
    assert [event["sequence"] for event in events] == list(range(1, WINDOW + 1))
    await frames.write({"type": "ping"})
    assert await frames.read() == {"type": "pong"}
    await frames.write({"type": "acknowledge", "through": 100})
    assert [event["sequence"] for event in await read(frames, 100)] == list(range(WINDOW + 1, WINDOW + 101))


async def test_what_was_not_acknowledged_comes_again_the_same_after_a_kill_and_the_rest_does_not(
    start_network: Callable[..., Network], connect: Callable[[], Any]
) -> None:
    network = start_network(*WORLD, "--rate", "0", "--events", "300")
    await network.until_ready()
    frames = await connect()
    await log_in(frames)
    events = await read(frames, 50)
    await frames.write({"type": "acknowledge", "through": 10})
    await eventually(lambda: len(network.acknowledged()) == 10, "ten acknowledged")
    network.end(signal.SIGKILL)
    network.start()
    await network.until_ready()
    again = await connect()
    await log_in(again)
    assert await read(again, 40) == events[10:]


async def test_the_newest_login_replaces_the_older_one_which_is_told_and_closed(
    start_network: Callable[..., Network], connect: Callable[[], Any]
) -> None:
    network = start_network(*WORLD, "--rate", "0", "--events", "40")
    await network.until_ready()
    older, newer = await connect(), await connect()
    await log_in(older)
    events = await read(older, 40)
    await log_in(newer)
    assert await older.read() == {"type": "replaced"}
    assert await older.read() is None
    assert await read(newer, 40) == events
    assert [line["session"] for line in network.record("replaced")] == [CAST.session]
    assert [line["fence"] for line in network.record("logged_in")] == [3, 3]


async def test_a_wrong_device_key_is_refused_and_recorded(
    start_network: Callable[..., Network], connect: Callable[[], Any]
) -> None:
    network = start_network(*WORLD)
    await network.until_ready()
    for key in ("0" * 64, "é"):
        assert await log_in(await connect(), key) == {"type": "refused", "reason": "unknown_device"}
    assert len(network.record("refused")) == 2


@pytest.mark.parametrize(
    "frames",
    [
        b"no json\n",
        b'{"type":"acknowledge","through":1}\n',
        b'{"type":"dance"}\n',
        b'{"type":"sessions"}\n',
        b'{"type":"login"}\n',
        b'{"type":"sessions","after":0}\n',
        b'{"type":"login","session":"s","deviceKey":"k","fence":{}}\n',
        b'{"type":"login","session":"s","deviceKey":"k","client":' + b"[" * 2_000 + b"]" * 2_000 + b"}\n",
        b"x" * (2 * CLIENT_FRAME_BYTES),
    ],
)
async def test_a_client_that_breaks_the_protocol_is_told_and_closed_and_the_others_go_on(
    start_network: Callable[..., Network], connect: Callable[[], Any], environment: dict[str, str], frames: bytes
) -> None:
    await start_network(*WORLD).until_ready()
    good = await connect()
    await log_in(good)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(environment["WAYPOST_NETWORK_PORT"]))
    writer.write(frames)
    assert b'"error"' in await reader.readline()
    writer.close()
    await good.write({"type": "ping"})
    while (await good.read() or {"type": "end"})["type"] != "pong":
        pass


async def test_the_sessions_and_their_device_keys_are_listed_to_whoever_shows_the_secret_alone(
    start_network: Callable[..., Network], connect: Callable[[], Any]
) -> None:
    network = start_network(*WORLD)
    await network.until_ready()
    for wrong in ("wrong", SECRET[:-1], "é" * 9):
        stranger = await connect()
        await stranger.write({"type": "sessions", "secret": wrong, "after": 0})
        assert await stranger.read() == {"type": "refused", "reason": "wrong_secret"}
        assert await stranger.read() is None
    connector = await connect()
    await connector.write({"type": "sessions", "secret": SECRET, "after": 0})
    assert [session["deviceKey"] for session in (await connector.read())["sessions"]] == [KEY]
    assert SECRET not in network.log


async def test_a_network_without_a_secret_makes_one_and_keeps_it_in_its_folder(
    start_network: Callable[..., Network], connect: Callable[[], Any], environment: dict[str, str], tmp_path: Path
) -> None:
    del environment["WAYPOST_NETWORK_SECRET"]
    network = start_network(*WORLD)
    for _ in range(2):
        await network.until_ready()
        frames = await connect()
        secret = (tmp_path / "network" / "secret").read_text().strip()
        await frames.write({"type": "sessions", "secret": secret, "after": 0})
        assert (await frames.read())["type"] == "sessions"
        await asyncio.to_thread(network.end)
        network.start()


async def test_its_folder_and_files_are_its_owners_alone(start_network: Callable[..., Network], tmp_path: Path) -> None:
    folder = tmp_path / "network"
    folder.mkdir(mode=0o755)
    network = start_network(*WORLD, "--rate", "100")
    await network.until_ready()
    found = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert {"network.sqlite3", "network.sqlite3-wal", "record.ndjson"} <= found.keys()
    assert set(found.values()) == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


async def test_a_full_record_is_put_by_and_everything_can_be_read_as_long_as_it_is_kept(
    start_network: Callable[..., Network], connect: Callable[[], Any], tmp_path: Path
) -> None:
    retention = ("--record-mebibytes", "1", "--record-files", "1")
    network = start_network(*WORLD, "--rate", "0", "--events", "16000", "--once", *retention)
    await network.until_ready()
    frames = await connect()
    await log_in(frames)
    while event := await frames.read():
        await frames.write({"type": "acknowledge", "through": event["sequence"]})
    assert await asyncio.to_thread(network.wait) == 0
    files = sorted(path.name for path in (tmp_path / "network").glob("record*"))
    assert files == ["record.2.ndjson", "record.ndjson"]
    sequences = [sequence for line in network.record("acknowledged") for sequence in line["sequences"]]
    assert sequences == list(range(sequences[0], sequences[-1] + 1))
    assert sequences[-1] >= 16_000


async def test_a_full_queue_pauses_the_making_of_events_and_drops_nothing(
    start_network: Callable[..., Network], connect: Callable[[], Any]
) -> None:
    network = start_network(*WORLD, "--rate", "0", "--queue", "100")
    await network.until_ready()
    await until_queued(network, 100)
    assert await queued(network) < 400
    frames = await connect()
    await log_in(frames)
    for sequence in range(1, 501):
        event = await frames.read()
        assert event["sequence"] == sequence
        await frames.write({"type": "acknowledge", "through": sequence})


async def test_the_same_seed_and_start_time_give_the_same_stream(
    start_network: Callable[..., Network], connect: Callable[[], Any], tmp_path: Path
) -> None:
    streams = []
    for attempt in ("one", "two"):
        network = start_network(
            *WORLD, "--rate", "0", "--events", "200", "--start-time", "1719662400000", "--data", str(tmp_path / attempt)
        )
        await network.until_ready()
        frames = await connect()
        await log_in(frames)
        streams.append(await read(frames, 200))
        await asyncio.to_thread(network.end)
    assert streams[0] == streams[1]


async def test_a_folder_of_another_world_is_refused_with_what_to_do(start_network: Callable[..., Network]) -> None:
    network = start_network(*WORLD)
    await network.until_ready()
    assert await asyncio.to_thread(network.end) == 0
    other = start_network("--seed", "2", "--sessions", "1", "--chats", str(CHATS), "--history", "0")
    await eventually(lambda: "give --seed 1, or another --data folder" in other.log, "the reason")
    assert await asyncio.to_thread(other.wait) == 1


async def test_once_ends_with_0_when_everything_is_acknowledged(
    start_network: Callable[..., Network], connect: Callable[[], Any]
) -> None:
    network = start_network(*WORLD, "--rate", "0", "--events", "100", "--once")
    await network.until_ready()
    frames = await connect()
    await log_in(frames)
    while event := await frames.read():
        await frames.write({"type": "acknowledge", "through": event["sequence"]})
    assert await asyncio.to_thread(network.wait) == 0
