"""From a record's bytes to what its topic carries, or to the reason why they can never be that (rule R5). Pure."""

from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from waypost_common.consumption import Record
from waypost_common.dead_letters import DeadLetter, DeadLetterReason
from waypost_common.events import MAX_EVENT_BYTES

T = TypeVar("T")

_WITHOUT_THE_VALUE = {"union_tag_invalid": "a kind that is not in the catalogue"}
"""Instead of those of pydantic's texts that quote what was found."""


def parse_value(record: Record, adapter: TypeAdapter[T], *, max_bytes: int = MAX_EVENT_BYTES) -> T | DeadLetter:
    """The dead letter's detail names the first field that is wrong, and never its value: records hold message text."""
    value = record.value or b""
    if len(value) > max_bytes:
        detail = f"{len(value)} bytes, more than the limit of {max_bytes}"
        return DeadLetter(record=record, reason=DeadLetterReason.TOO_LARGE, detail=detail)
    try:
        return adapter.validate_json(value)
    except ValidationError as error:
        return _invalid(record, error)


def _invalid(record: Record, error: ValidationError) -> DeadLetter:
    problem = error.errors(include_url=False, include_context=False, include_input=False)[0]
    reason = DeadLetterReason.NOT_JSON if problem["type"] == "json_invalid" else DeadLetterReason.SCHEMA_VIOLATION
    place = ".".join(str(part) for part in problem["loc"])
    text = _WITHOUT_THE_VALUE.get(problem["type"], problem["msg"])
    return DeadLetter(record=record, reason=reason, detail=f"{place}: {text}" if place else text)
