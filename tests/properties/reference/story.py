"""A log of one partition written event by event into a model, with short forms: a test reads as what happened."""

from typing import Any

from .model import ReferenceModel
from .records import Json, Outcome, Record, key_of
from .writing import envelope, headers, ulid

SESSION = "01J9ZX8K2QHV0M3T6R7P4N5W8C"
ALICE = "6281234567890@s.whatsapp.net"
ALICE_LID = "205227043110953@lid"
GROUP = "120363021234567890@g.us"
NEWSLETTER = "120363012345678901@newsletter"
NOW = 1_719_662_400_000


class Story:
    """Times are milliseconds after NOW: `at` as WhatsApp says (the same as `seen` unless given), `seen` the envelope's."""

    def __init__(self, chat: str = ALICE, session: str = SESSION) -> None:
        self.model = ReferenceModel()
        self.session = session
        self.chat_jid = chat
        self.records: list[Record] = []

    def write(
        self,
        event: str,
        payload: Json,
        *,
        seen: int = 0,
        command: str | None = None,
        last: bool = True,
        event_id: str | None = None,
    ) -> Outcome | None:
        offset = len(self.records)
        value = envelope(event, self.session, payload, NOW + seen, event_id or f"evt_{ulid(offset)}")
        record = Record(0, offset, key_of(event, self.session, payload), value, headers(event, command, last=last))
        self.records.append(record)
        return self.model.apply(record)

    def message(self, own_id: str = "A", *, at: int | None = None, seen: int = 0, **fields: Any) -> None:
        event = "message.from_me" if fields.get("fromMe") else "message"
        self._about(event, {"waMessageId": own_id, "body": "Hello", **fields}, at, seen)

    def edit(self, target: str = "A", *, at: int | None = None, seen: int = 0, **fields: Any) -> None:
        self._about("message.edited", {"targetId": target, "body": "Edited", **fields}, at, seen)

    def revoke(self, target: str = "A", *, at: int | None = None, seen: int = 0) -> None:
        self._about("message.revoked", {"targetId": target}, at, seen)

    def react(self, reaction: str, target: str = "A", *, at: int | None = None, seen: int = 0, **fields: Any) -> None:
        self._about("message.reaction", {"targetId": target, "reaction": reaction, **fields}, at, seen)

    def vote(self, hashes: list[str], target: str = "A", *, at: int | None = None, seen: int = 0, **fields: Any) -> None:
        self._about("poll.vote", {"targetId": target, "selectedHashes": hashes, **fields}, at, seen)

    def acknowledge(self, status: str, *ids: str, **fields: Any) -> None:
        named = {"chatJid": self.chat_jid, "messageIds": list(ids or "A"), "status": status, "timestamp": NOW}
        self.write("message.status", {**named, **fields})

    def update(self, change: str, *, seen: int = 0, command: str | None = None, **fields: Any) -> Outcome | None:
        payload = {"chatJid": self.chat_jid, "change": change, **fields}
        return self.write("chat.update", payload, seen=seen, command=command)

    def contact(self, jid: str = ALICE, *, seen: int = 0, **fields: Any) -> None:
        self.write("contact.update", {"jid": jid, **fields}, seen=seen)

    def group(self, *, seen: int = 0, **fields: Any) -> None:
        self.write("group.update", {"groupJid": GROUP, **fields}, seen=seen)

    def participants(self, *, seen: int = 0, **lists: Any) -> None:
        self.write("group.participant", {"groupJid": GROUP, **lists}, seen=seen)

    def channel(self, action: str, **fields: Any) -> None:
        self.write("newsletter.update", {"jid": NEWSLETTER, "action": action, **fields})

    def status(self, *, seen: int = 0, command: str | None = None, **fields: Any) -> Outcome | None:
        return self.write("session.status", fields, seen=seen, command=command)

    def chat_view(self) -> Json | None:
        chat: Json | None = self._view("chats", self.chat_jid)
        return chat

    def shown_chat(self) -> Json:
        chat = self.chat_view()
        assert chat is not None, "the chat is not visible"
        return chat

    def shown_ids(self) -> list[str]:
        return [message["id"] for message in self.shown_chat()["messages"]]

    def shown_message(self, own_id: str = "A") -> Json:
        message: Json = next(message for message in self.shown_chat()["messages"] if message["id"] == own_id)
        return message

    def contact_view(self, jid: str = ALICE) -> Json | None:
        return self._view("contacts", jid)

    def shown_contact(self, jid: str = ALICE) -> Json:
        contact = self.contact_view(jid)
        assert contact is not None, "there is no such contact"
        return contact

    def shown_group(self) -> Json:
        group = self._view("groups", GROUP)
        assert group is not None, "there is no group"
        return group

    def shown_channel(self) -> Json:
        channel = self._view("channels", NEWSLETTER)
        assert channel is not None, "there is no channel"
        return channel

    def shown_session(self) -> Json:
        session: Json = self.model.view()["sessions"][SESSION]
        return session

    def _about(self, event: str, fields: Json, at: int | None, seen: int) -> None:
        payload = {
            "waMessageId": "OWN",
            "chatJid": self.chat_jid,
            "fromMe": False,
            "type": "text",
            "hasMedia": False,
            "media": None,
            "timestamp": NOW + (seen if at is None else at),
            **fields,
        }
        self.write(event, payload, seen=seen)

    def _view(self, collection: str, jid: str) -> Json | None:
        found: Json | None = self.model.view()[collection].get(f"{SESSION}|{jid}")
        return found
