"""The events of one key, one after the other, folded into a conversation or a session."""

import json
from typing import Any

from waypost_common.documents import ChatDocument, MessageDocument, SessionDocument
from waypost_common.events import EVENT_ADAPTER
from waypost_common.identifiers import CommandId, EpochMs, Jid, MessageId, Offset, SessionId, new_event_id
from waypost_common.outcomes import OutcomeStatus
from waypost_projection.conversation import Conversation
from waypost_projection.fold import chat as chat_fold
from waypost_projection.fold import session as session_fold
from waypost_projection.logged import CommandMark, Logged

SESSION = SessionId("S1")
ALICE = Jid("6281234567890@s.whatsapp.net")
ALICE_LID = Jid("111222333@lid")
BOB = Jid("6289999999999@s.whatsapp.net")
GROUP = Jid("120363000000000001@g.us")
CHANNEL = Jid("120363000000000002@newsletter")
NOW = EpochMs(1_719_662_400_000)


def message_payload(own_id: str, chat: Jid = ALICE, **fields: Any) -> dict[str, Any]:
    return {
        "waMessageId": own_id,
        "chatJid": chat,
        "fromMe": False,
        "type": "text",
        "hasMedia": False,
        "timestamp": NOW,
        "body": f"body of {own_id}",
    } | fields


def logged(name: str, payload: dict[str, Any], *, offset: int, command: CommandMark | None = None, **envelope: Any) -> Any:
    body = {
        "schema": "v1",
        "id": new_event_id(),
        "event": name,
        "session": SESSION,
        "organization": "org_1",
        "timestamp": NOW,
        "payload": payload,
    }
    return Logged(EVENT_ADAPTER.validate_json(json.dumps(body | envelope)), 0, Offset(offset), command)


def command_mark(number: int = 0, *, last: bool = True) -> CommandMark:
    return CommandMark(id=CommandId(f"cmd_01J9ZX8K2QHV0M3T6R7P4N{number:04d}"), last=last, deadline=None, result=None)


class Story:
    """A conversation and the next offset. `tell` folds one event in, at the next offset or at the one given."""

    def __init__(self, chat: Jid = ALICE) -> None:
        self.jid = chat
        self.conversation = Conversation()
        self.offset = -1

    def tell(
        self,
        name: str,
        payload: dict[str, Any],
        *,
        at: int | None = None,
        unread: int | None = None,
        command: CommandMark | None = None,
        **envelope: Any,
    ) -> OutcomeStatus | None:
        self.offset = self.offset + 1 if at is None else at
        return self.conversation.apply(logged(name, payload, offset=self.offset, command=command, **envelope), unread)

    def message(self, own_id: str, **fields: Any) -> None:
        self.tell("message", message_payload(own_id, self.jid, **fields))

    def about(self, name: str, target: str, *, at: int | None = None, **fields: Any) -> None:
        """An edit, revocation, reaction or vote."""
        self.tell(name, message_payload(f"about-{target}", self.jid, **{"targetId": target, **fields}), at=at)

    def status(self, own_id: str, status: str, **fields: Any) -> None:
        payload = {"chatJid": self.jid, "messageIds": [own_id], "status": status, "timestamp": NOW}
        self.tell("message.status", payload | fields)

    def update(self, change: str, *, unread: int | None = None, **fields: Any) -> OutcomeStatus | None:
        envelope = {name: fields.pop(name) for name in ("timestamp", "command", "at") if name in fields}
        return self.tell("chat.update", {"chatJid": self.jid, "change": change} | fields, unread=unread, **envelope)

    @property
    def chat(self) -> ChatDocument:
        assert self.conversation.chat is not None
        return self.conversation.chat

    def stored(self, own_id: str) -> MessageDocument:
        """The message of the current epoch."""
        found = [
            one
            for one in self.conversation.messages.values()
            if one["messageId"] == MessageId(own_id) and one["epoch"] == self.conversation.epoch
        ]
        assert len(found) == 1
        return found[0]


class SessionStory:
    def __init__(self) -> None:
        self.session: SessionDocument | None = None
        self.offset = -1

    def tell(self, name: str, payload: dict[str, Any], *, at: int | None = None, **rest: Any) -> OutcomeStatus | None:
        self.offset = self.offset + 1 if at is None else at
        self.session, status = session_fold.apply(self.session, logged(name, payload, offset=self.offset, **rest))
        return status

    def status(self, **payload: Any) -> None:
        self.tell("session.status", payload)

    @property
    def stored(self) -> SessionDocument:
        assert self.session is not None
        return self.session


def recount(story: Story, change: str, **fields: Any) -> ChatDocument | None:
    """What `needs_recount` says of a chat.update that would come next."""
    event = logged("chat.update", {"chatJid": story.jid, "change": change} | fields, offset=story.offset + 1).event
    return chat_fold.needs_recount(story.conversation.chat, event.payload)
