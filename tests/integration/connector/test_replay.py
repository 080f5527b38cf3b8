"""`waypost-connector replay` on a real Kafka."""

import asyncio
import os
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.processes import PROGRAMS

from waypost_common.events import encode_event, key_of
from waypost_connector.simulated.world import generate_events

EVENTS = list(generate_events(seed=4, count=400, sessions=2, chats=8))
LINES = [encode_event(event) for event in EVENTS]

Replay = Callable[..., Awaitable["subprocess.CompletedProcess[bytes]"]]


@pytest.fixture
def replay(environment: dict[str, str]) -> Replay:
    async def run(*arguments: str, given: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
        command = [str(PROGRAMS / "waypost-connector"), "replay", *arguments]
        return await asyncio.to_thread(
            lambda: subprocess.run(
                command, input=given, capture_output=True, env=os.environ | environment, timeout=60, check=False
            )
        )

    return run


async def test_a_file_is_published_in_order_as_it_stands_with_keys_and_headers(
    replay: Replay, read_events: Callable[[], Awaitable[list[Any]]], tmp_path: Path
) -> None:
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"\n".join(LINES))
    done = await replay(str(file), "--json")
    assert done.returncode == 0, done.stderr
    summary = orjson.loads(done.stdout)
    assert (summary["lines"], summary["published"], summary["bad"]) == (400, 400, [])
    assert summary["eventsPerSecond"] > 0
    records = await read_events()
    for key in {key_of(event) for event in EVENTS}:
        expected = [line for line, event in zip(LINES, EVENTS, strict=True) if key_of(event) == key]
        assert [record.value for record in records if record.key.decode() == key] == expected
    assert {dict(record.headers)["schema"] for record in records} == {b"v1"}


async def test_bad_lines_are_reported_by_number_and_not_published_and_the_exit_code_is_1(
    replay: Replay, read_events: Callable[[], Awaitable[list[Any]]]
) -> None:
    given = b"\n".join([LINES[0], b'{"event":"message"}', LINES[1], b"nonsense", b""])
    done = await replay("-", given=given)
    assert done.returncode == 1
    assert [line.split(b";")[0] for line in done.stderr.splitlines()] == [
        b"line 2: schema: missing",
        b"line 4: not JSON: expected ident at column 2",
    ]
    assert done.stdout.startswith(b"2 of 4 events in ")
    assert done.stdout.endswith(b"2 bad\n")
    assert sorted(record.value for record in await read_events()) == sorted(LINES[:2])


async def test_a_dry_run_publishes_nothing(replay: Replay, read_events: Callable[[], Awaitable[list[Any]]]) -> None:
    done = await replay("-", "--dry-run", "--from-line", "3", given=b"\n".join(LINES[:10]))
    assert done.returncode == 0
    assert done.stdout.startswith(b"8 of 8 events in ")
    assert await read_events() == []


async def test_without_kafka_it_ends_with_3_and_says_what_to_do(replay: Replay, environment: dict[str, str]) -> None:
    environment["WAYPOST_KAFKA_BOOTSTRAP_SERVERS"] = "127.0.0.1:1"
    done = await replay("-", given=LINES[0])
    assert done.returncode == 3
    assert b"is Kafka running, and was waypost migrate run?" in done.stderr
    assert b"Traceback" not in done.stderr
