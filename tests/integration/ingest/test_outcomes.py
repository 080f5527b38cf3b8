"""What became of a command is told once its effect can be read (rule R6)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.events import ALICE, event, message, now
from tests.plugins.pipeline import Pipeline, RecordHeaders
from tests.processes import eventually

from waypost_common.events import Event
from waypost_common.identifiers import CommandId, new_command_id
from waypost_common.topics import OUTCOMES

pytestmark = pytest.mark.slow


def headers_of(command: CommandId, *, deadline: int | None = None) -> RecordHeaders:
    return [
        ("command", command.encode()),
        ("command-last", b"true"),
        ("command-deadline", str(deadline or now() + 10_000).encode()),
    ]


def headers_for(command: CommandId) -> Callable[[Event], RecordHeaders]:
    return lambda _event: headers_of(command)


async def outcomes(pipeline: Pipeline) -> list[dict[str, Any]]:
    return [json.loads(record.value) for record in await pipeline.read_all(OUTCOMES)]


async def until_outcomes(pipeline: Pipeline, count: int) -> list[dict[str, Any]]:
    async def there() -> bool:
        return len(await outcomes(pipeline)) >= count

    await eventually(there, f"{count} outcomes")
    return await outcomes(pipeline)


async def test_a_change_of_a_stored_chat_succeeds_and_one_of_an_unknown_chat_is_rejected(pipeline: Pipeline) -> None:
    await pipeline.start("waypost-ingest")
    await pipeline.publish([message("A")])
    done, refused = new_command_id(), new_command_id()
    archive = {"change": "flags", "archived": True, "requires": "stored"}
    await pipeline.publish([event("chat.update", {"chatJid": ALICE, **archive})], headers_for(done))
    unknown = event("chat.update", {"chatJid": "6280000000000@s.whatsapp.net", **archive})
    await pipeline.publish([unknown], headers_for(refused))

    told = {one["command"]: one for one in await until_outcomes(pipeline, 2)}
    assert (told[done]["status"], told[done]["code"], told[done]["generation"]) == ("succeeded", None, 1)
    assert (told[refused]["status"], told[refused]["code"]) == ("rejected", "not_found")
    chat = await pipeline.database["chats"].find_one({"jid": ALICE})
    assert chat is not None
    assert chat["archived"] is True


async def test_an_event_published_twice_for_one_command_changes_once_and_is_told_twice(pipeline: Pipeline) -> None:
    await pipeline.start("waypost-ingest")
    command = new_command_id()
    mark = event("chat.update", {"chatJid": ALICE, "change": "flags", "pinned": True})
    await pipeline.publish([message("A"), mark], lambda one: headers_of(command) if one is mark else [])
    await pipeline.publish([event("chat.update", {"chatJid": ALICE, "change": "pinned", "pinned": False})])
    await pipeline.publish([mark], headers_for(command))
    told = await until_outcomes(pipeline, 2)
    assert [(one["command"], one["status"]) for one in told] == [(command, "succeeded")] * 2
    chat = await pipeline.database["chats"].find_one({"jid": ALICE})
    assert chat is not None
    assert chat["pinned"] is False


async def test_nobody_is_told_of_a_command_whose_deadline_passed_more_than_seven_days_ago(pipeline: Pipeline) -> None:
    await pipeline.start("waypost-ingest")
    old, new = new_command_id(), new_command_id()
    read = {"chatJid": ALICE, "change": "read", "requires": "stored"}
    await pipeline.publish([message("A")])
    await pipeline.publish([event("chat.update", read)], lambda _: headers_of(old, deadline=now() - 8 * 86_400_000))
    await pipeline.publish([event("chat.update", read)], headers_for(new))
    assert [one["command"] for one in await until_outcomes(pipeline, 1)] == [new]


async def test_more_commands_on_one_chat_than_it_remembers_are_each_told_once(pipeline: Pipeline) -> None:
    commands = {new_command_id(): number % 2 == 0 for number in range(100)}
    await pipeline.publish([message("A")])
    for command, pinned in commands.items():
        change = {"chatJid": ALICE, "change": "pinned", "pinned": pinned, "requires": "stored"}
        await pipeline.publish([event("chat.update", change)], headers_for(command))
    await pipeline.start("waypost-ingest")
    told = await until_outcomes(pipeline, len(commands))
    assert sorted(one["command"] for one in told if one["status"] == "succeeded") == sorted(commands)
