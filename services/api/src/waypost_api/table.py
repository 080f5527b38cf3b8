"""Every operation of the API: the single source of the routes and of the OpenAPI document."""

from typing import Final

from waypost_api.operation import Operation
from waypost_api.routes import (
    channel_changes,
    channels,
    chat_changes,
    chats,
    contacts,
    events,
    groups,
    message_changes,
    messages,
    operations,
    pairing,
    pipeline,
    session_changes,
    sessions,
    unbuilt,
)

OPERATIONS: Final[tuple[Operation, ...]] = (
    *sessions.OPERATIONS,
    *session_changes.OPERATIONS,
    *pairing.OPERATIONS,
    *chats.OPERATIONS,
    *chat_changes.OPERATIONS,
    *messages.OPERATIONS,
    *message_changes.OPERATIONS,
    *contacts.OPERATIONS,
    *groups.OPERATIONS,
    *channels.OPERATIONS,
    *channel_changes.OPERATIONS,
    *operations.OPERATIONS,
    *events.OPERATIONS,
    *pipeline.OPERATIONS,
    *unbuilt.OPERATIONS,
)
