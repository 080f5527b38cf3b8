"""The bodies of this dialect, and how they are read: one field after the other, so that the first fault is what is told."""

from typing import Annotated, Any, Final, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from waypost_api.request_body import json_object
from waypost_api.second_dialect.errors import RequestRefusedError
from waypost_api.second_dialect.numbers import parse_number
from waypost_api.views.addresses import JID_PATTERN
from waypost_common.errors import ValidationFailedError
from waypost_common.identifiers import Jid

NUMBER: Final = rf"^\s*((\s|[+()\[\]\-])*([0-9](\s|[+()\[\]\-])*){{1,90}}|{JID_PATTERN})\s*$"
Number = Annotated[
    str,
    Field(
        description="A phone number, or a JID.",
        examples=["5511999999999", "120363021234567890@g.us"],
        json_schema_extra={"pattern": NUMBER},
    ),
]


class NumberBody(TypedDict):
    number: Number


class MuteBody(NumberBody):
    mute: bool
    duration: NotRequired[
        Annotated[
            str | None,
            Field(
                description="`8h`, `8 hours`, `1w`, `7d`, `1 week`; `always`, `forever`, `permanent`, empty or absent: no end. "
                "Ignored when unmuting."
            ),
        ]
    ]


class ArchiveBody(NumberBody):
    archive: bool


class PinBody(NumberBody):
    pin: bool


class ReadBody(NumberBody):
    read: bool


class DeleteBody(NumberBody):
    deleteMedia: NotRequired[bool | None]


class Fields:
    """The fields of a body. Null counts as absent. Every method raises RequestRefusedError (400)."""

    def __init__(self, body: bytes) -> None:
        try:
            self._fields = json_object(body)
        except ValidationFailedError as error:
            raise invalid_body(error.message) from error

    def number(self) -> Jid:
        return parse_number(self.text("number"))

    def text(self, name: str) -> str:
        """Empty when absent."""
        value = self._value(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise invalid_body(f"{name} must be a string")
        return value

    def flag(self, name: str) -> bool:
        value = self._optional_flag(name)
        if value is None:
            raise invalid_body(f"{name} is required")
        return value

    def flag_or_false(self, name: str) -> bool:
        return self._optional_flag(name) or False

    def _optional_flag(self, name: str) -> bool | None:
        value = self._value(name)
        if value is not None and not isinstance(value, bool):
            raise invalid_body(f"{name} must be true or false")
        return value

    def _value(self, name: str) -> Any:
        return self._fields.get(name)


def invalid_body(problem: str) -> RequestRefusedError:
    return RequestRefusedError(400, f"Invalid request body: {problem}")
