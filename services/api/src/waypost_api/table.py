"""Every operation of the API: the single source of the routes and of the OpenAPI document."""

from typing import Final

from waypost_api.operation import Operation
from waypost_api.routes import (
    channels,
    chat_changes,
    chats,
    contacts,
    groups,
    messages,
    operations,
    sessions,
    unbuilt,
)

OPERATIONS: Final[tuple[Operation, ...]] = (
    *sessions.OPERATIONS,
    *chats.OPERATIONS,
    *chat_changes.OPERATIONS,
    *messages.OPERATIONS,
    *contacts.OPERATIONS,
    *groups.OPERATIONS,
    *channels.OPERATIONS,
    *operations.OPERATIONS,
    *unbuilt.OPERATIONS,
)
