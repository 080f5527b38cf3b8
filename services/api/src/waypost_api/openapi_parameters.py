"""What operations take from the path, the query and headers, as the OpenAPI document tells it."""

import re
from typing import Any, Final

from waypost_api.operation import Operation, QueryParameter, Tag

CHAT_JID: Final = "6281234567890@s.whatsapp.net"
GROUP_JID: Final = "120363021234567890@g.us"
CHANNEL_JID: Final = "120363012345678901@newsletter"
LID: Final = "205227043110953@lid"
PATH_PARAMETERS: Final = {
    "session": ("The WhatsApp session's id.", "01J9ZX8K2QHV0M3T6R7P4N5W8C"),
    "cid": ("The chat's JID (`@` as `%40` or raw).", CHAT_JID),
    "jid": ("The person's JID (`@` as `%40` or raw).", CHAT_JID),
    "gid": ("The group's JID (`@` as `%40` or raw).", GROUP_JID),
    "lid": ("The contact's LID (`@` as `%40` or raw).", LID),
    "mid": ("WhatsApp's message id.", "3EB0C431C26A1916E07A"),
    "id": ("The webhook's id.", "wh_01J9ZX8K2QHV0M3T6R7P4N5W8C"),
    "operation": ("The operation's id.", "cmd_01J9ZX8K2QHV0M3T6R7P4N5W8C"),
}
CHANNEL: Final = ("The channel's JID (`@` as `%40` or raw).", CHANNEL_JID)
COMMAND_PARAMETERS: Final = (
    {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "The same key in the same organization gives the first outcome and runs nothing.",
        "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,255}$"},
    },
    {
        "name": "async",
        "in": "query",
        "description": "Answer 202 with the operation at once.",
        "schema": {"type": "boolean", "default": False},
        "allowEmptyValue": True,
    },
    {
        "name": "Prefer",
        "in": "header",
        "description": "`respond-async` is the same as `async=true`.",
        "schema": {"type": "string"},
    },
)


def parameters_of(operation: Operation) -> list[dict[str, Any]]:
    path = [_path(name, operation) for name in re.findall(r"{(\w+)}", operation.path)]
    commands = [dict(parameter) for parameter in COMMAND_PARAMETERS] if operation.changes else []
    return path + [_query(parameter) for parameter in operation.query] + commands


def _path(name: str, operation: Operation) -> dict[str, Any]:
    text, example = CHANNEL if name == "jid" and operation.tag is Tag.CHANNELS else PATH_PARAMETERS[name]
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": text,
        "schema": {"type": "string", "minLength": 1},
        "example": example,
    }


def _query(parameter: QueryParameter) -> dict[str, Any]:
    """An optional one that is empty counts as absent."""
    described = {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": parameter.description,
        "schema": dict(parameter.schema),
    }
    return described if parameter.required else {**described, "allowEmptyValue": True}
