"""What each command becomes. Pure: exactly one event, the same for the same command but for its time."""

from waypost_common.commands import (
    ChatDeleteCommand,
    ChatReadCommand,
    ChatUnreadCommand,
    ChatUpdateCommand,
    StoreCommand,
)
from waypost_common.events import ChatUpdateEvent, SessionStatusEvent
from waypost_common.identifiers import EpochMs
from waypost_store.commands.chat import chat_event
from waypost_store.commands.session import session_event


def event_of_command(command: StoreCommand, *, now: EpochMs, default_backend: str) -> ChatUpdateEvent | SessionStatusEvent:
    """`now` is the envelope's time. The event's id follows from the command's id, so a repeat is recognised."""
    match command:
        case ChatUpdateCommand() | ChatReadCommand() | ChatUnreadCommand() | ChatDeleteCommand():
            return chat_event(command, now=now)
        case _:
            return session_event(command, now=now, default_backend=default_backend)
