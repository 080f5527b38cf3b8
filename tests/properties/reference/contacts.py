"""One contact: what contact.update said, the push names of its direct chat, and its sightings in groups.

Decisions where the catalogue is silent:
- Sightings in groups come from several partitions, so nothing of them depends on arrival order.
- Only a message that is new to its chat (not sent before, not dropped) counts, in groups too.
- A LID is no phone form, even where a sender known by LID alone is told as senderJid.
- An empty name is no name: the next one in line is shown.
"""

from .messages import is_from_me
from .records import Json, Record, is_group, is_lid, is_phone, jid_of, user_of


class Contact:
    def __init__(self, key: str) -> None:
        self.key = key
        self.updates: list[Record] = []
        self.direct_messages: list[Record] = []
        self.group_messages: list[Record] = []

    def view(self, *, has_direct_chat: bool) -> Json:
        jid = jid_of(self.key)
        both_forms = [m.payload for m in self.group_messages if _names_both_forms(m)]
        lid = self._told("lid") or max((p["senderLid"] for p in both_forms), default=jid if is_lid(jid) else None)
        phone = self._told("phoneJid") or max((p["senderJid"] for p in both_forms), default=jid if is_phone(jid) else None)
        return {
            "jid": jid,
            "fullName": self._told("fullName"),
            "firstName": self._told("firstName"),
            "pushName": self._push_name(),
            "groupPushName": self._group_push_name(),
            "lid": lid,
            "phoneJid": phone,
            "phoneNumber": self._told("phoneNumber") or (user_of(phone) if phone else None),
            "businessName": self._told("businessName"),
            "blocked": self._told("blocked") or False,
            "about": self._told("about"),
            "dm": has_direct_chat,
        }

    def name(self) -> str | None:
        return self._told("fullName") or self._told("firstName") or self._push_name() or None

    def _told(self, field: str) -> str | None:
        values = [update.payload[field] for update in self.updates if field in update.payload]
        return values[-1] if values else None

    def _push_name(self) -> str | None:
        names = [(m.time, m.offset, m.payload["pushName"]) for m in self.direct_messages]
        names += [(u.seen_at, u.offset, u.payload["pushName"]) for u in self.updates if "pushName" in u.payload]
        return max(names)[2] if names else None

    def _group_push_name(self) -> str | None:
        names = [(m.time, m.id, m.payload["pushName"]) for m in self.group_messages if m.payload.get("pushName")]
        return max(names)[2] if names else None


def _names_both_forms(message: Record) -> bool:
    jid, lid = message.payload.get("senderJid"), message.payload.get("senderLid")
    return jid is not None and lid is not None and is_phone(jid) and is_lid(lid)


class Contacts:
    def __init__(self) -> None:
        self.by_key: dict[str, Contact] = {}

    def take_update(self, record: Record) -> None:
        self._contact(record.key).updates.append(record)

    def take_new_message(self, record: Record) -> None:
        if is_from_me(record):
            return
        chat = jid_of(record.key)
        if (is_phone(chat) or is_lid(chat)) and record.payload.get("pushName"):
            self._contact(record.key).direct_messages.append(record)
        if is_group(chat) and record.sender:
            self._contact(f"{record.value['session']}|{record.sender}").group_messages.append(record)

    def name(self, key: str) -> str | None:
        contact = self.by_key.get(key)
        return contact.name() if contact else None

    def _contact(self, key: str) -> Contact:
        return self.by_key.setdefault(key, Contact(key))
