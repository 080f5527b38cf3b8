"""A record's bytes become what its topic carries, or a dead letter that says why not and quotes nothing."""

from typing import Annotated, Any, Literal

import pytest
from aiokafka.structs import ConsumerRecord
from pydantic import BaseModel, Field, TypeAdapter

from waypost_common.consumption import Record
from waypost_common.dead_letters import DeadLetter, DeadLetterReason
from waypost_common.record_values import parse_value


class Greeting(BaseModel):
    kind: Literal["greeting"]
    name: Annotated[str, Field(max_length=5)]


class Farewell(BaseModel):
    kind: Literal["farewell"]


ADAPTER: TypeAdapter[Greeting | Farewell] = TypeAdapter(Annotated[Greeting | Farewell, Field(discriminator="kind")])


def record(value: bytes | None) -> Record:
    fields: dict[str, Any] = dict.fromkeys(ConsumerRecord.__dataclass_fields__)
    return ConsumerRecord(**fields | {"value": value})


def test_a_value_of_the_right_form_is_parsed() -> None:
    parsed = parse_value(record(b'{"kind": "greeting", "name": "Ann"}'), ADAPTER)
    assert parsed == Greeting(kind="greeting", name="Ann")


@pytest.mark.parametrize(
    ("value", "reason", "detail"),
    [
        (None, DeadLetterReason.NOT_JSON, "Invalid JSON: "),
        (b"{hunter2", DeadLetterReason.NOT_JSON, "Invalid JSON: "),
        (b'{"kind": "hunter2"}', DeadLetterReason.SCHEMA_VIOLATION, "a kind that is not in the catalogue"),
        (b'{"name": "hunter2"}', DeadLetterReason.SCHEMA_VIOLATION, "Unable to extract tag"),
        (b'{"kind": "greeting", "name": "hunter2"}', DeadLetterReason.SCHEMA_VIOLATION, "greeting.name: String should have at"),
        (b'{"kind": "greeting", "name": "hunter2"}' + b" " * 100, DeadLetterReason.TOO_LARGE, "139 bytes, more than the limit"),
    ],
)
def test_what_it_can_never_be_is_told_without_the_value(value: bytes | None, reason: DeadLetterReason, detail: str) -> None:
    dead = parse_value(record(value), ADAPTER, max_bytes=100)
    assert isinstance(dead, DeadLetter)
    assert dead.reason is reason
    assert dead.detail.startswith(detail)
    assert "hunter2" not in dead.detail
