"""What WhatsApp is to be told, and the command that tells it. Pure."""

from dataclasses import replace
from typing import Final

from waypost_common.claims import Start
from waypost_common.commands import Actor, ChatUpdateCommand, ChatUpdateCommandPayload, StoreCommand
from waypost_common.documents import WantedPush
from waypost_common.identifiers import CommandId, EpochMs, push_id_of_command
from waypost_common.live_commands import ChatPushCommand
from waypost_common.mongo import Document
from waypost_common.outcomes import OperationStatus, PushStatus

ACTOR: Final = Actor(kind="system", id="waypost-store")


def with_push(command: StoreCommand, decision: Start, backend: str | None) -> Start:
    """Notes in the operation what is to be pushed. `backend`: whose connectors can be told now, if any."""
    if backend is None or not isinstance(command, ChatUpdateCommand):
        return decision
    flags = flags_of(command.payload)
    if not flags:
        return decision
    wanted = WantedPush(backend=backend, chatJid=command.payload.chat_jid, flags=flags)
    return replace(decision, noted={"push": PushStatus.PENDING.value, "wantedPush": wanted})


def flags_of(payload: ChatUpdateCommandPayload) -> list[str]:
    """The names, as in the chat's document, of the flags that the command sets."""
    given = {"archived": payload.archived is not None, "pinned": payload.pinned is not None}
    given["mutedUntil"] = "muted_until" in payload.model_fields_set
    return [name for name, is_given in given.items() if is_given]


def push_command(operation: Document, chat: Document, *, issued_at: EpochMs, deadline: EpochMs, now: EpochMs) -> ChatPushCommand:
    """The flags that the operation changed, with the values that the chat has now: a mute that is over is none."""
    wanted = operation["wantedPush"]
    flags = {name: chat[name] for name in wanted["flags"]}
    muted_until = flags.get("mutedUntil")
    if muted_until is not None:
        flags["mutedUntil"] = int(muted_until) if muted_until > now else None
    return ChatPushCommand(
        schema_version="v1",
        id=push_id_of_command(CommandId(operation["_id"])),
        session=operation["session"],
        organization=operation["organization"],
        actor=ACTOR,
        issued_at=issued_at,
        deadline=deadline,
        payload=ChatUpdateCommandPayload.model_validate({"chatJid": wanted["chatJid"], **flags}),
    )


def push_status(ended: OperationStatus) -> PushStatus:
    """What the end of a push's own operation means to the operation that it belongs to."""
    match ended:
        case OperationStatus.SUCCEEDED:
            return PushStatus.SUCCEEDED
        case OperationStatus.NOT_SUPPORTED:
            return PushStatus.NOT_SUPPORTED
        case _:
            return PushStatus.FAILED
