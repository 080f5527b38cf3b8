"""examples/read_model.py beside ingest and the API: both count unread messages, each from the log alone."""

import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.events import ALICE, ORGANIZATION, SESSION, event, message, working_session
from tests.integration.examples.conftest import EXAMPLES, run_example
from tests.plugins.pipeline import PARTITIONS, Pipeline
from tests.processes import Process, eventually

from waypost_common.identifiers import new_command_id
from waypost_connector.simulated.world import DEFAULT_ORGANIZATION, generate_events
from waypost_local.ports import free_port

Unread = dict[tuple[str, str], int]


def query(database: Path, sql: str) -> list[tuple[str, str, int]]:
    """Nothing while the program has not made its tables."""
    if not database.exists():
        return []
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        try:
            return connection.execute(sql).fetchall()
        except sqlite3.OperationalError:
            return []


def counted(database: Path) -> Unread:
    return {(session, jid): count for session, jid, count in query(database, "SELECT session, jid, count FROM unread")}


def records_read(database: Path) -> int:
    return sum(position for _, _, position in query(database, "SELECT topic, partition, next FROM positions"))


async def until_read(pipeline: Pipeline, database: Path, *examples: Process) -> None:
    end = sum((await pipeline.ends()).values())
    await eventually(
        lambda: records_read(database) == end,
        lambda: f"{end} records read, not {records_read(database)}\n" + "\n".join(example.log for example in examples),
    )


async def unread_of_the_api(pipeline: Pipeline, organization: str) -> Unread:
    api = await pipeline.start_api()
    found: Unread = {}
    async with pipeline.client(api, await pipeline.api_key(organization)) as client:
        sessions = (await client.get("/api/v1/sessions")).json()["data"]
        for session in sessions:
            for chat in await chats_of(client, session["id"]):
                found[session["id"], chat["jid"]] = chat["unreadCount"]
    return {chat: count for chat, count in found.items() if count}


async def chats_of(client: httpx.AsyncClient, session: str) -> list[dict[str, Any]]:
    chats: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await client.get(f"/api/v1/sessions/{session}/chats?limit=100" + (cursor and f"&cursor={cursor}"))).json()
        chats += page["data"]
        cursor = page["nextCursor"]
    return chats


def start(pipeline: Pipeline, database: Path, group: str = "") -> Process:
    """Without a group of its own a start waits until the broker has given up on a process of the same group that was killed."""
    options = ["--group", f"{pipeline.settings.kafka.topic_prefix}example{group}"]
    example = pipeline.process("python", str(EXAMPLES / "read_model.py"), str(database), *options)
    example.start()
    return example


@pytest.mark.slow
async def test_it_counts_what_the_api_counts_however_often_it_is_killed(pipeline: Pipeline, tmp_path: Path) -> None:
    database = tmp_path / "unread.db"
    events = list(generate_events(seed=11, count=4_000, sessions=2, chats=60, history=200))
    await pipeline.start("waypost-ingest")
    await pipeline.publish(events[:3_000])
    for part in (1, 2, 3):
        example = start(pipeline, database, group=str(part))
        await eventually(lambda part=part: records_read(database) >= part * 600, "read in part", every=0.005)
        example.end(signal.SIGKILL)
        assert records_read(database) < 3_000
    # What was published once more, and what is set aside, is no reason to count differently.
    await pipeline.publish(events[2_900:])
    await pipeline.publish_raw(b'{"schema": "v1", "event": "message.sparkled"}', "anything")
    await pipeline.publish_raw(b"{", "anything")
    example = start(pipeline, database)
    await until_read(pipeline, database, example)
    await pipeline.until_applied()
    expected = await unread_of_the_api(pipeline, DEFAULT_ORGANIZATION)
    assert len(expected) > 20
    assert counted(database) == expected
    assert example.end(signal.SIGINT) == 0


@pytest.mark.slow
async def test_two_share_the_partitions_and_one_goes_on_alone(pipeline: Pipeline, tmp_path: Path) -> None:
    database = tmp_path / "unread.db"
    events = list(generate_events(seed=12, count=2_000, sessions=2, chats=40, history=100))
    first, second = start(pipeline, database), start(pipeline, database)
    await pipeline.publish(events[:1_000])
    await until_read(pipeline, database, first, second)
    first.end(signal.SIGKILL)
    await pipeline.start("waypost-ingest")
    await pipeline.publish(events[1_000:])
    await until_read(pipeline, database, second)
    await pipeline.until_applied()
    assert counted(database) == await unread_of_the_api(pipeline, DEFAULT_ORGANIZATION)


async def test_marks_deletions_and_repeated_commands_count_as_in_the_documents(pipeline: Pipeline, tmp_path: Path) -> None:
    database = tmp_path / "unread.db"
    other = "6281298765432@s.whatsapp.net"
    command = [("command", new_command_id().encode()), ("command-last", b"true")]
    await pipeline.publish([working_session(), message("A1", timestamp=1_000), message("A2", timestamp=2_000)])
    read = event("chat.update", {"chatJid": ALICE, "change": "read", "requires": "stored"})
    await pipeline.publish([read], lambda _: command)
    await pipeline.publish([message("A3", timestamp=3_000), message("A2", timestamp=2_000)])
    await pipeline.publish([read], lambda _: command)
    await pipeline.publish([event("chat.update", {"chatJid": ALICE, "change": "read", "readUpTo": 2_000})])
    await pipeline.publish([message("A4", timestamp=1_500), message("A5", timestamp=4_000, history=True)])
    await pipeline.publish([event("chat.update", {"chatJid": other, "change": "read", "readUpTo": 9_000})])
    await pipeline.publish([message("B1", chat=other, timestamp=5_000), message("B2", chat=other, timestamp=6_000)])
    await pipeline.publish([event("chat.update", {"chatJid": other, "change": "trimmed", "before": 6_000})])
    await pipeline.publish([event("chat.update", {"chatJid": other, "change": "deleted"}, timestamp=10_000)])
    await pipeline.publish([message("B1", chat=other, timestamp=7_000), message("B3", chat=other, timestamp=7_000, history=True)])
    await pipeline.start("waypost-ingest")
    example = start(pipeline, database)
    await until_read(pipeline, database, example)
    await pipeline.until_applied()
    expected = {(SESSION, ALICE): 1, (SESSION, other): 1}
    assert await unread_of_the_api(pipeline, ORGANIZATION) == expected
    assert counted(database) == expected


async def test_a_removed_session_has_no_unread_chats(pipeline: Pipeline, tmp_path: Path) -> None:
    database = tmp_path / "unread.db"
    await pipeline.publish([message("A1"), event("session.status", {"removed": True}), message("A2")])
    await until_read(pipeline, database, start(pipeline, database))
    shown = await run_example("read_model.py", str(database), "--show")
    assert (shown.returncode, shown.stdout) == (0, "")


async def test_it_prints_what_it_knows_without_kafka(pipeline: Pipeline, tmp_path: Path) -> None:
    database = tmp_path / "unread.db"
    await pipeline.publish([message("A1"), message("A2")])
    await until_read(pipeline, database, start(pipeline, database))
    shown = await run_example("read_model.py", str(database), "--show")
    assert shown.stdout.split() == ["2", SESSION, ALICE]


async def test_it_makes_no_database_only_to_show_it(tmp_path: Path) -> None:
    shown = await run_example("read_model.py", str(tmp_path / "typo.db"), "--show")
    assert shown.returncode == 1
    assert "without --show" in shown.stderr
    assert not (tmp_path / "typo.db").exists()


async def test_a_log_that_was_made_again_is_an_error_that_says_what_to_do(pipeline: Pipeline, tmp_path: Path) -> None:
    database = tmp_path / "unread.db"
    await pipeline.publish([message("A1"), message("A2")])
    example = start(pipeline, database)
    await until_read(pipeline, database, example)
    example.end(signal.SIGKILL)
    await pipeline.recreate_topic(f"{pipeline.settings.kafka.topic_prefix}wa.events", PARTITIONS)
    again = await run_example("read_model.py", str(database), environment=pipeline.environment.items())
    assert again.returncode == 1
    assert "remove" in again.stderr
    assert "Traceback" not in again.stderr


async def test_a_missing_topic_is_an_error_that_says_what_to_do(kafka_server: str, tmp_path: Path) -> None:
    done = await run_example("read_model.py", str(tmp_path / "unread.db"), "--servers", kafka_server, "--prefix", "nothing.")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "there is no topic nothing.wa.events that this program may read: run `waypost migrate`, or see docs/kafka.md\n"
    )


async def test_kafka_away_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    done = await run_example("read_model.py", str(tmp_path / "unread.db"), "--servers", f"127.0.0.1:{free_port()}")
    assert done.returncode == 1
    assert "is it running" in done.stderr
    assert "Traceback" not in done.stderr
