"""The JSON Schemas in schemas/: current, sound, and of one mind with the models that the services read with."""

import copy
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import TypeAdapter, ValidationError
from tests.unit.waypost_common.samples import ALICE, COMMAND_ID, NOW, PAYLOADS, event_json

from waypost_common.commands import STORE_COMMAND_ADAPTER, StoreCommand, encode_command
from waypost_common.events import EVENT_ADAPTER, EVENT_TYPES, encode_event
from waypost_common.identifiers import CommandId, EpochMs
from waypost_common.json_schemas import documents, write
from waypost_common.live_commands import LIVE_COMMAND_ADAPTER
from waypost_common.outcomes import OUTCOME_ADAPTER, Outcome, OutcomeStatus, encode_outcome
from waypost_connector.simulated.world import generate_events

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "schemas"
PATHS = sorted(file.relative_to(SCHEMAS).as_posix() for file in SCHEMAS.rglob("*.json"))
Body = dict[str, Any]

CHANNEL = {"jid": "120363000000000002@newsletter"}
TARGET = {"chatJid": ALICE, "messageId": "3EB0", "senderJid": ALICE}
COMMANDS: dict[str, Body] = {
    "commands/chat.update": {"chatJid": ALICE, "archived": True, "pinned": None, "mutedUntil": None, "createIfMissing": False},
    "commands/chat.read": {"chatJid": ALICE},
    "commands/chat.unread": {"chatJid": ALICE},
    "commands/chat.delete": {"chatJid": ALICE},
    "commands/session.create": {"label": "Shop", "autoRead": True, "presenceTyping": False, "start": True},
    "commands/session.delete": {},
    "commands/session.start": {},
    "commands/session.stop": {},
    "commands/live/session.restart": {},
    "commands/live/session.logout": {},
    "commands/live/session.pair": {"phone": "6281234567890"},
    "commands/live/channel.create": {"name": "News", "description": "What happens"},
    "commands/live/channel.follow": CHANNEL,
    "commands/live/channel.unfollow": CHANNEL,
    "commands/live/channel.mute": CHANNEL | {"mute": True},
    "commands/live/message.send": {"to": ALICE, "type": "text", "text": "Hi", "replyTo": "3EB0", "mentions": [ALICE]},
    "commands/live/message.edit": TARGET | {"text": "Hi!"},
    "commands/live/message.revoke": TARGET,
    "commands/live/message.react": TARGET | {"emoji": "+"},
    "commands/live/chat.update": {"chatJid": ALICE, "pinned": True},
}
OUTCOME: Body = {
    "schema": "v1",
    "command": COMMAND_ID,
    "status": "rejected",
    "at": NOW,
    "code": "not_found",
    "message": "chat not found",
    "result": {"jid": ALICE},
    "generation": 1,
}


def command_json(path: str) -> Body:
    return {
        "schema": "v1",
        "id": COMMAND_ID,
        "command": path.rpartition("/")[2],
        "session": "S1",
        "organization": "org_1",
        "actor": {"kind": "program", "id": "test"},
        "issuedAt": NOW,
        "deadline": NOW + 10_000,
        "payload": COMMANDS[path],
    }


SAMPLES: dict[str, Body] = (
    {f"events/{name}.json": event_json(name) for name in PAYLOADS}
    | {f"{path}.json": command_json(path) for path in COMMANDS}
    | {"outcome.json": OUTCOME}
)


@cache
def validator(path: str) -> Any:
    return Draft202012Validator(json.loads((SCHEMAS / path).read_text()))


def adapter(path: str) -> TypeAdapter[Any]:
    if path == "outcome.json":
        return OUTCOME_ADAPTER
    if path.startswith("events/"):
        return EVENT_ADAPTER
    return LIVE_COMMAND_ADAPTER if path.startswith("commands/live/") else STORE_COMMAND_ADAPTER


def schema_of(body: Body) -> str:
    if "event" in body:
        return f"events/{body['event']}.json"
    return "outcome.json" if "status" in body else f"commands/{body['command']}.json"


def refusals(body: Body) -> list[str]:
    return [f"{list(error.absolute_path)}: {error.message}" for error in validator(schema_of(body)).iter_errors(body)]


def test_the_committed_schemas_are_current(tmp_path: Path) -> None:
    write(tmp_path)
    made = {file.relative_to(tmp_path).as_posix(): file.read_text() for file in tmp_path.rglob("*.json")}
    assert {path: (SCHEMAS / path).read_text() for path in PATHS} == made, "run: make generate"


def test_schemas_that_are_no_longer_made_are_removed(tmp_path: Path) -> None:
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "message.old.json").touch()
    write(tmp_path)
    assert {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*.json")} == documents().keys()


def test_there_is_one_for_each_event_type_and_each_command() -> None:
    assert [path for path in PATHS if path.startswith("events/")] == sorted(f"events/{name}.json" for name in EVENT_TYPES)
    assert set(PATHS) == SAMPLES.keys()


@pytest.mark.parametrize("path", PATHS)
def test_it_is_a_sound_schema_of_draft_2020_12_with_a_name_of_its_own(path: str) -> None:
    schema = json.loads((SCHEMAS / path).read_text())
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == "urn:waypost:schema:v1:" + path.removesuffix(".json").replace("/", ":")
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path", PATHS)
def test_it_takes_a_full_record_and_one_with_fields_of_a_later_version(path: str) -> None:
    body = SAMPLES[path]
    assert list(validator(path).iter_errors(body)) == []
    later = copy.deepcopy(body) | {"later": 1}
    later.setdefault("payload", {})["later"] = {"any": "thing"}
    assert list(validator(path).iter_errors(later)) == []


WRONG: tuple[Any, ...] = (
    None, "", "x", "x" * 1_025, -1, 2**60, 1.5, True, [], {}, [None], ALICE, "120363000000000001@g.us", "status@broadcast",
    "628123:12@s.whatsapp.net", "a b@lid", "a@example.org", f"{'a' * 91}@lid", CHANNEL["jid"],
    "erased", "trimmed", "muted", "archived",
)  # fmt: skip


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something of a body can be changed or left out."""
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from places(child, (*path, key))


def changed(body: Body, place: tuple[Any, ...], chance: Random) -> Body:
    body = copy.deepcopy(body)
    node: Any = body
    for key in place[:-1]:
        node = node[key]
    if chance.random() < 0.3:
        del node[place[-1]]
    else:
        node[place[-1]] = chance.choice(WRONG)
    return body


@pytest.mark.parametrize("path", PATHS)
def test_schema_and_model_refuse_the_same_records(path: str) -> None:
    chance = Random(path)
    refused = 0
    for _ in range(400):
        body = SAMPLES[path]
        for place in chance.sample(list(places(body)), k=chance.choice((1, 1, 2))):
            if place in places(body):
                body = changed(body, place, chance)
        name = body.get("event", body.get("command"))
        if path != "outcome.json" and name != Path(path).stem:
            continue  # A record of another type, or of none: another schema's business.
        try:
            adapter(path).validate_json(json.dumps(body))
            taken = True
        except ValidationError:
            taken = False
        assert validator(path).is_valid(body) == taken, body
        refused += not taken
    assert refused > 50


def test_two_thousand_generated_events_are_valid() -> None:
    seen = set()
    for event in generate_events(seed=3, count=2_000, sessions=2, chats=40, history=100):
        body = json.loads(encode_event(event))
        assert refusals(body) == [], body
        seen.add(event.event)
    assert len(seen) > 12


def test_the_events_of_the_tour_are_valid() -> None:
    bodies = [json.loads(line) for line in (ROOT / "docs/tour.ndjson").read_text().splitlines()]
    assert bodies
    assert [problem for body in bodies for problem in refusals(body)] == []


@pytest.mark.parametrize("page", ["events.md", "kafka.md"])
def test_the_records_in_the_documentation_are_valid(page: str) -> None:
    blocks = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)
    assert blocks
    assert [problem for block in blocks for problem in refusals(json.loads(block))] == []


def test_what_the_services_write_is_valid() -> None:
    command: StoreCommand = STORE_COMMAND_ADAPTER.validate_python(command_json("commands/chat.read"))
    outcome = Outcome(command=CommandId(COMMAND_ID), status=OutcomeStatus.SUCCEEDED, at=EpochMs(NOW))
    for written in (encode_command(command), encode_outcome(outcome)):
        body = json.loads(written)
        assert body["schema"] == "v1"
        assert refusals(body) == []
