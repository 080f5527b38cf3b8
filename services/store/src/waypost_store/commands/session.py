"""Commands about a session: they say what is wanted, and the connector that owns it follows."""

from typing import Any

from waypost_common.commands import (
    SessionCommand,
    SessionCreateCommand,
    SessionDeleteCommand,
    SessionStartCommand,
    SessionStopCommand,
)
from waypost_common.event_payloads import DesiredState, SessionStatusPayload
from waypost_common.events import SessionStatusEvent
from waypost_common.identifiers import EpochMs, event_id_of_command


def session_event(command: SessionCommand, *, now: EpochMs, default_backend: str) -> SessionStatusEvent:
    """`status` stays away: what the session is, as opposed to what is wanted of it, only its connector knows."""
    return SessionStatusEvent(
        schema_version="v1",
        id=event_id_of_command(command.id),
        session=command.session,
        organization=command.organization,
        timestamp=now,
        event="session.status",
        payload=SessionStatusPayload(**_wanted(command, default_backend)),
    )


def _wanted(command: SessionCommand, default_backend: str) -> dict[str, Any]:
    match command:
        case SessionCreateCommand(payload=payload):
            given = payload.model_dump(exclude={"start", "backend"}, exclude_none=True)
            desired = DesiredState.RUNNING if payload.start else DesiredState.STOPPED
            return {**given, "desired": desired, "backend": payload.backend or default_backend}
        case SessionDeleteCommand():
            return {"desired": DesiredState.STOPPED, "removed": True}
        case SessionStartCommand():
            return {"desired": DesiredState.RUNNING}
        case SessionStopCommand():
            return {"desired": DesiredState.STOPPED}
