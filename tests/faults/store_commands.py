"""Commands for the store about chats that are there, and what must have become of each."""

import random
from collections.abc import Sequence
from typing import Any

import orjson
from tests.events import now
from tests.faults.history import STRANGER, History, assert_as_if_nothing_had_happened, logs, make_history
from tests.plugins.pipeline import Pipeline
from tests.processes import eventually

from waypost_common.commands import STORE_COMMAND_ADAPTER, StoreCommand
from waypost_common.events import Event, subject_of
from waypost_common.identifiers import CommandId, event_id_of_command, new_command_id

UNKNOWN_SESSION = "nobody"
PINS: list[tuple[str, dict[str, Any]]] = [("chat.update", {"pinned": True}), ("chat.update", {"pinned": False})]
CHANGES = [*PINS * 2, *[("chat.read", {}), ("chat.unread", {})] * 2, ("chat.delete", {})]


async def with_chats(pipeline: Pipeline, count: int = 500) -> History:
    """Starts ingest, and has it apply so many events."""
    history = make_history(count)
    await pipeline.start("waypost-ingest")
    await pipeline.publish(history.events, history.headers_of)
    await pipeline.until_applied()
    return history


def make_commands(count: int, history: History) -> list[StoreCommand]:
    chance = random.Random(7)
    messages = [one for one in history.events if one.event == "message"]
    return [make_command(chance, chance.choice(messages)) for _ in range(count)]


def make_command(chance: random.Random, about: Event) -> StoreCommand:
    """About the chat of that event; now and then about one that is not there, or in a session that is not."""
    session = UNKNOWN_SESSION if chance.random() < 0.05 else about.session
    chat = {"chatJid": STRANGER if chance.random() < 0.05 else subject_of(about)}
    name, more = chance.choice(CHANGES)
    body: dict[str, Any] = {
        "schema": "v1",
        "id": new_command_id(),
        "command": name,
        "session": session,
        "organization": about.organization,
        "actor": {"kind": "program", "id": "test"},
        "issuedAt": now(),
        "deadline": now() + 120_000,
        "payload": chat | more,
    }
    return STORE_COMMAND_ADAPTER.validate_python(body)


async def until_each_ended(pipeline: Pipeline, commands: Sequence[StoreCommand]) -> None:
    operations = pipeline.database["operations"]

    async def all_ended() -> bool:
        asked = {"_id": {"$in": [command.id for command in commands]}, "status": {"$nin": ["pending", "started"]}}
        return await operations.count_documents(asked) == len(commands)

    await eventually(all_ended, lambda: f"an end of every operation\n{logs(pipeline)}")


async def assert_each_ended_once(pipeline: Pipeline, commands: Sequence[StoreCommand]) -> None:
    """Waits until each operation has ended. Each command has one outcome, and its event, however often published, one id."""
    await until_each_ended(pipeline, commands)
    of_nobody = {command.id for command in commands if command.session == UNKNOWN_SESSION}
    assert of_nobody
    await assert_as_if_nothing_had_happened(pipeline, dict.fromkeys(of_nobody, ("rejected", "not_found")))
    asked = {command.id for command in commands} - of_nobody
    published = {(command_of(record), orjson.loads(record.value)["id"]) for record in await pipeline.read_all()}
    assert published >= {(command, event_id_of_command(CommandId(command))) for command in asked}
    assert sum(command in asked for command, _ in published) == len(asked)


def command_of(record: Any) -> str | None:
    name: bytes | None = dict(record.headers).get("command")
    return None if name is None else name.decode()
