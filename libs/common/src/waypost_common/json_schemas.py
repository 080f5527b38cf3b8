"""JSON Schemas (draft 2020-12) of everything on the topics, made from the models: one file for each event, command and outcome.

python -m waypost_common.json_schemas schemas
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.alias_generators import to_camel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from waypost_common.commands import StoreCommand
from waypost_common.event_payloads import FIELD_THAT_CHANGE_NEEDS, ChatChange
from waypost_common.events import Event
from waypost_common.live_commands import LiveCommand
from waypost_common.outcomes import Outcome

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
NAMESPACE: Final = "urn:waypost:schema:v1"
"""A name, no address: nothing is fetched from it."""

_USER: Final = r"^[A-Za-z0-9._+-]{1,90}(:[0-9]{1,5})?@"


def _present(name: str) -> JsonSchemaValue:
    return {"required": [name], "properties": {name: {"not": {"type": "null"}}}}


def _needed_by(change: ChatChange, name: str) -> JsonSchemaValue:
    needed = {"required": [name]} if change is ChatChange.MUTED else _present(name)
    return {"if": {"properties": {"change": {"const": change.value}}, "required": ["change"]}, "then": needed}


RULES: Final[dict[str, JsonSchemaValue]] = {
    "parse_jid": {"pattern": rf"{_USER}(s\.whatsapp\.net|lid|g\.us|newsletter|broadcast)$"},
    "_group": {"pattern": rf"{_USER}g\.us$"},
    "_newsletter": {"pattern": rf"{_USER}newsletter$"},
    "_person": {"pattern": rf"{_USER}(s\.whatsapp\.net|lid)$"},
    "_is_somebody": {"anyOf": [_present("lid"), _present("phoneJid")]},
    "_change_has_its_field": {
        "allOf": [
            *(_needed_by(change, to_camel(name)) for change, name in FIELD_THAT_CHANGE_NEEDS.items()),
            _needed_by(ChatChange.ERASED, "jid"),
        ]
    },
}
"""What the models check in Python, in the words of JSON Schema, by the name of the function that checks it."""


class _Generator(GenerateJsonSchema):
    schema_dialect = DIALECT

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  (titles would only repeat the names)
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Without `default: null`: absent is not always the same as null (`mutedUntil`)."""
        found = super().default_schema(schema)
        return found if found.get("default") is not None else {key: found[key] for key in found if key != "default"}

    def function_after_schema(self, schema: core_schema.AfterValidatorFunctionSchema) -> JsonSchemaValue:
        """Raises KeyError for a check that has no rule: a schema that allows more than the model would mislead."""
        function: Callable[..., Any] = schema["function"]["function"]
        inner = self.generate_inner(schema["schema"])
        return inner | RULES[function.__name__]


def documents() -> dict[str, JsonSchemaValue]:
    """Every schema by its path below the folder of schemas."""
    found = {}
    for kind, field, models in (
        ("events", "event", _members(Event)),
        ("commands", "command", _members(StoreCommand)),
        ("commands/live", "command", _members(LiveCommand)),
    ):
        for model in models:
            for name in get_args(model.model_fields[field].annotation):
                found[f"{kind}/{name}.json"] = _document(model, f"{kind.replace('/', ':')}:{name}", {field: name})
    found["outcome.json"] = _document(Outcome, "outcome", {})
    return found


def _members(union: object) -> Iterator[type[BaseModel]]:
    """The models of a union, of unions of unions, and of annotated ones."""
    if isinstance(union, type) and issubclass(union, BaseModel):
        yield union
    elif get_origin(union) in (Union, UnionType):
        for member in get_args(union):
            yield from _members(member)
    else:
        yield from _members(get_args(union)[0])


def _document(model: type[BaseModel], name: str, fixed: dict[str, str]) -> JsonSchemaValue:
    schema = model.model_json_schema(by_alias=True, schema_generator=_Generator)
    for field, value in fixed.items():
        schema["properties"][field] = {"const": value}
        schema["required"] = list(dict.fromkeys([*schema["required"], field]))
    schema["title"] = next(iter(fixed.values()), "outcome")
    return {"$schema": DIALECT, "$id": f"{NAMESPACE}:{name}", **{key: schema[key] for key in schema if key != "$schema"}}


def write(folder: Path) -> None:
    """Makes the folder hold exactly the schemas."""
    wanted = {folder / path: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for path, schema in documents().items()}
    for file in set(folder.rglob("*.json")) - wanted.keys():
        file.unlink()
    for file, text in wanted.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
