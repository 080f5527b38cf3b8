"""One chat: everything its key was told since its last deletion, read afresh each time somebody looks.

Decisions where the catalogue is silent:
- A deletion forgets trims and erasures too: the chat comes back "holding only what came after".
- The deletion whose time drops old history is the latest one in the log, even if an earlier one has a later time.
- A group.update brings a deleted group chat back, as it makes a new one appear.
- An edit, revocation, reaction, vote or acknowledgement makes no chat appear and is kept for its message, in the
  current epoch only.
- A message that arrives older than the trim is known, hidden, and counts for lastMessageAt and push names.
- Revoked and erased messages still count as unread: the invariant does not mention them.
- A chat.update changes only those flags that its payload holds, whichever `change` names the event.
"""

from .messages import is_from_me, message_view
from .records import Json, Record, chat_type, jid_of

FLAG_CHANGES = ("archived", "pinned", "muted", "flags")


class Chat:
    def __init__(self, key: str) -> None:
        self.key = key
        self._begin(deletion=None)

    def _begin(self, deletion: Record | None) -> None:
        self.deletion = deletion
        self.visible = False
        self.messages: list[Record] = []
        self._message_ids: set[str] = set()
        self.others: list[Record] = []
        self.updates: list[Record] = []

    def take_message(self, record: Record) -> bool:
        """Whether the message is a new one: neither sent before nor history from before the deletion."""
        if record.payload["waMessageId"] in self._message_ids:
            return False
        if record.payload.get("history") is True and self.deletion is not None and record.time <= self.deletion.seen_at:
            return False
        self.messages.append(record)
        self._message_ids.add(record.payload["waMessageId"])
        self.visible = True
        return True

    def take_other(self, record: Record) -> None:
        self.others.append(record)

    def appear(self) -> None:
        self.visible = True

    def take_update(self, record: Record) -> bool:
        """Whether its precondition held."""
        change = record.payload["change"]
        if record.payload.get("requires") == "stored" and not self.visible:
            return False
        if change == "deleted":
            self._begin(deletion=record)
        elif change in FLAG_CHANGES:
            self.visible = True
            self.updates.append(record)
        elif self.visible:
            self.updates.append(record)
        return True

    def view(self, name: str | None) -> Json:
        trimmed_before = max((r.payload["before"] for r in self._changes("trimmed")), default=None)
        shown = [m for m in self.messages if trimmed_before is None or m.time >= trimmed_before]
        shown.sort(key=lambda message: message.order, reverse=True)
        erasures = self._changes("erased")
        jid = jid_of(self.key)
        return {
            "jid": jid,
            "type": chat_type(jid),
            "name": name,
            "unreadCount": len([message for message in shown if self._is_unread(message)]),
            "markedUnread": self._marked_unread(),
            "archived": self._flag("archived", False),
            "pinned": self._flag("pinned", False),
            "mutedUntil": self._flag("mutedUntil", None),
            "lastMessageAt": max((message.time for message in self.messages), default=None),
            "pictureId": self._picture(),
            "messages": [message_view(message, self.others, erasures) for message in shown],
        }

    def _changes(self, *changes: str) -> list[Record]:
        return [record for record in self.updates if record.payload["change"] in changes]

    def _flag(self, field: str, unset: object) -> object:
        told = [r.payload[field] for r in self._changes(*FLAG_CHANGES) if field in r.payload]
        return told[-1] if told else unset

    def _picture(self) -> object:
        pictures = self._changes("picture")
        if not pictures or pictures[-1].payload.get("removed"):
            return None
        return pictures[-1].payload.get("pictureId")

    def _marked_unread(self) -> bool:
        marks = self._changes("read", "unread")
        return bool(marks) and bool(marks[-1].payload["change"] == "unread")

    def _is_unread(self, message: Record) -> bool:
        if is_from_me(message) or message.payload.get("history") is True:
            return False
        for read in self._changes("read"):
            up_to = read.payload.get("readUpTo")
            if up_to is None and message.offset < read.offset:
                return False
            if up_to is not None and message.time <= up_to:
                return False
        return True
