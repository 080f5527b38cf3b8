"""examples/archive_chat.py, and commands that other programs get wrong, against the store and ingest as processes."""

import asyncio
import json
import re
from typing import Any

import pytest
from tests.events import ALICE, ORGANIZATION, SESSION, message, working_session
from tests.integration.examples.conftest import run_example
from tests.plugins.pipeline import Pipeline
from tests.processes import eventually

from waypost_common.documents import Collection, chat_document_id
from waypost_common.identifiers import new_command_id
from waypost_common.topics import COMMANDS_DLQ, COMMANDS_STORE, EVENTS
from waypost_local.ports import free_port

NOBODY = "6289999999999@s.whatsapp.net"


async def archive(pipeline: Pipeline, *arguments: str, chat: str = ALICE, organization: str = ORGANIZATION) -> tuple[int, str]:
    """Exit code and the line with the outcome."""
    done = await run_example(
        "archive_chat.py", SESSION, chat, "--organization", organization, *arguments, environment=pipeline.environment.items()
    )
    command, *outcome = done.stdout.splitlines()
    assert re.fullmatch("cmd_[0-9A-Z]{26}", command)
    assert "Traceback" not in done.stderr
    return done.returncode, "".join(outcome) or done.stderr


async def is_archived(pipeline: Pipeline) -> bool:
    chat = await pipeline.database[Collection.CHATS].find_one({"_id": chat_document_id(SESSION, ALICE)})  # type: ignore[arg-type]
    return chat is not None and bool(chat["archived"])


@pytest.fixture
async def system(pipeline: Pipeline) -> Pipeline:
    """Ingest and store run; Alice has written."""
    await asyncio.gather(pipeline.start("waypost-ingest"), pipeline.start("waypost-store"))
    await pipeline.publish([working_session(), message("A1")])
    await pipeline.until_applied()
    return pipeline


async def test_a_chat_is_archived_when_it_says_succeeded_and_no_longer_after_undo(system: Pipeline) -> None:
    assert await archive(system) == (0, "succeeded")
    assert await is_archived(system)
    assert await archive(system, "--undo") == (0, "succeeded")
    assert not await is_archived(system)


async def test_repeating_a_command_by_its_id_tells_the_outcome_and_does_nothing_again(system: Pipeline) -> None:
    command = new_command_id()
    assert await archive(system, "--id", command) == (0, "succeeded")
    assert await archive(system, "--undo") == (0, "succeeded")
    assert await archive(system, "--id", command) == (0, "succeeded")
    assert not await is_archived(system)


async def test_an_unknown_chat_is_rejected(system: Pipeline) -> None:
    assert await archive(system, chat=NOBODY) == (3, "rejected: not_found: chat not found")


async def test_another_organizations_session_is_rejected_as_one_that_does_not_exist(system: Pipeline) -> None:
    code, outcome = await archive(system, organization="org_2")
    assert (code, outcome) == (3, "rejected: not_found: there is no such session in this organization")
    assert not await is_archived(system)
    headers = [dict(record.headers) for record in await system.read_all(EVENTS)]
    assert not [one for one in headers if "command" in one]


@pytest.mark.parametrize(
    ("changes", "key", "reason", "detail"),
    [
        ({"payload": {}}, f"{SESSION}|{ALICE}", b"schema_violation", b"chat.read.payload.chatJid"),
        ({"command": "chat.burn"}, f"{SESSION}|{ALICE}", b"schema_violation", b"catalogue"),
        ({}, SESSION, b"wrong_key", b"<session>|<chatJid>"),
    ],
)
async def test_a_command_of_the_wrong_shape_is_set_aside_with_the_reason(
    system: Pipeline, changes: dict[str, Any], key: str, reason: bytes, detail: bytes
) -> None:
    command = {
        "schema": "v1",
        "id": new_command_id(),
        "command": "chat.read",
        "session": SESSION,
        "organization": ORGANIZATION,
        "actor": {"kind": "program", "id": "test"},
        "issuedAt": 0,
        "deadline": 2**42,
        "payload": {"chatJid": ALICE},
    } | changes
    value = json.dumps(command).encode()
    await system.publish_raw(value, key, COMMANDS_STORE, [("mine", b"kept")])
    await eventually(lambda: set_aside(system), "a dead letter")
    (letter,) = await system.read_all(COMMANDS_DLQ)
    headers = dict(letter.headers)
    assert (letter.key, letter.value, headers["mine"]) == (key.encode(), value, b"kept")
    assert headers["dlq-reason"] == reason
    assert detail in headers["dlq-detail"]
    assert headers["dlq-origin-topic"].endswith(COMMANDS_STORE.encode())
    assert await archive(system) == (0, "succeeded")


async def set_aside(system: Pipeline) -> bool:
    return bool(await system.read_all(COMMANDS_DLQ))


async def test_without_a_store_there_is_no_outcome_in_time_and_the_same_id_gets_it_later(pipeline: Pipeline) -> None:
    await pipeline.start("waypost-ingest")
    await pipeline.publish([working_session(), message("A1")])
    command = new_command_id()
    code, advice = await archive(pipeline, "--id", command, "--seconds", "0.1")
    assert (code, advice) == (4, f"no outcome in time: do the store and ingest run? To try again: --id {command}\n")
    await pipeline.start("waypost-store")
    assert await archive(pipeline, "--id", command) == (3, EXPIRED)


EXPIRED = "expired: gateway_unavailable: the deadline passed before the command was started"


async def test_a_wrong_argument_is_one_line_that_names_it() -> None:
    done = await run_example("archive_chat.py", SESSION, "not a jid", "--organization", ORGANIZATION)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == ["payload.chatJid: Value error, not a WhatsApp JID of a known kind"]


async def test_missing_topics_are_an_error_that_says_what_to_do(kafka_server: str) -> None:
    options = ["--organization", ORGANIZATION, "--servers", kafka_server, "--prefix", "nothing."]
    done = await run_example("archive_chat.py", SESSION, ALICE, *options)
    assert done.returncode == 1
    assert done.stderr == (
        "there is no nothing.wa.commands.store and nothing.wa.outcomes that this program may use: "
        "run `waypost migrate`, or see docs/kafka.md\n"
    )


async def test_kafka_away_is_an_error_that_says_what_to_do() -> None:
    options = ["--organization", ORGANIZATION, "--servers", f"127.0.0.1:{free_port()}"]
    done = await run_example("archive_chat.py", SESSION, ALICE, *options)
    assert done.returncode == 1
    assert "is it running" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["archive_chat.py", "read_model.py"])
async def test_the_help_shows_how_to_call_it(name: str) -> None:
    done = await run_example(name, "--help")
    assert done.returncode == 0
    assert f"python examples/{name}" in done.stdout
