import asyncio
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest
import uvloop
from benchmarks.histories import SEED, Encoded, EvenCast, copies, encoded, long_tail, new_messages, spread
from benchmarks.programs.closed_loop import content_length, request_bytes, run
from benchmarks.rows import ROWS

from waypost_common.events import EVENT_ADAPTER, key_of
from waypost_connector.simulated.world import DEFAULT_ORGANIZATION

PAGE = Path(__file__).parents[3] / "docs" / "performance.md"


def test_rows_have_names_of_their_own_and_the_page_explains_each() -> None:
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in names if f"\n**{name}.**" not in page] == []


def test_the_rows_are_listed_without_starting_anything() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--list"], capture_output=True, text=True, check=True, cwd=PAGE.parents[1]
    )
    assert [line.split()[0] for line in done.stdout.splitlines()] == [row.name for row in ROWS]


def test_an_event_comes_once_in_each_history() -> None:
    for history in (long_tail(500), spread(500), new_messages(200)):
        ids = [event.id for event in history]
        assert len(set(ids)) == len(ids)


def test_copies_are_valid_events_of_other_sessions_under_keys_of_their_own() -> None:
    events = encoded(long_tail(100))
    made = list(copies(events, 250))
    assert len(made) == 250
    for event in made:
        assert key_of(EVENT_ADAPTER.validate_json(event.value)) == event.key.decode()
    assert _sessions(made[:100]).isdisjoint(_sessions(made[100:]))
    assert len(_sessions(made[:100])) == len(_sessions(events))


def _sessions(events: list[Encoded]) -> set[bytes]:
    return {event.key.partition(b"|")[0] for event in events}


def test_the_client_finds_the_end_of_an_answer() -> None:
    assert content_length(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nX: y") == 12


def test_the_client_knows_no_other_way_to_tell_an_answers_end() -> None:
    with pytest.raises(ValueError, match="without Content-Length"):
        content_length(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked")


def test_a_request_with_a_body_tells_its_length() -> None:
    sent = request_bytes("PATCH", "/x", "h", "k", '{"a":"é"}')
    head, _, body = sent.partition(b"\r\n\r\n")
    assert content_length(head) == len(body) == 10


def test_each_client_asks_again_once_it_is_answered() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1_000):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()

    async def ask() -> dict[str, float]:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        try:
            requests = [request_bytes("GET", "/x", "h", "k", "")]
            return await run(server.sockets[0].getsockname(), requests, clients=3, warm_up=0, seconds=0.1, status="200")
        finally:
            server.close()

    counted = uvloop.run(ask())
    assert counted["answers"] > 3
    assert counted["errors"] == 0


def test_the_chats_of_an_even_session_are_about_equally_busy() -> None:
    cast, random = EvenCast(SEED, 0, 20, DEFAULT_ORGANIZATION), Random(SEED)
    picked = Counter(cast.pick_chat(random, 20).rank for _ in range(2_000))
    assert min(picked.values()) > 60
    assert max(picked.values()) < 140
