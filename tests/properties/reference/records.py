"""What a record of the log is, and the few facts that its text alone tells: key, effective time, kind of chat."""

from typing import Any, NamedTuple, TypedDict

Json = dict[str, Any]

DAY = 86_400_000


class Outcome(TypedDict):
    command: str
    status: str
    code: str | None


class Record(NamedTuple):
    """One record of wa.events; offsets rise strictly within a partition."""

    partition: int
    offset: int
    key: str
    value: Json
    headers: dict[str, str]

    @property
    def event(self) -> str:
        return str(self.value["event"])

    @property
    def id(self) -> str:
        return str(self.value["id"])

    @property
    def payload(self) -> Json:
        payload: Json = self.value["payload"]
        return payload

    @property
    def seen_at(self) -> int:
        """The envelope's time: when the gateway saw it."""
        return int(self.value["timestamp"])

    @property
    def time(self) -> int:
        """The effective time: WhatsApp's, or the envelope's when WhatsApp's is more than a day ahead of it."""
        said = int(self.payload["timestamp"])
        return self.seen_at if said > self.seen_at + DAY else said

    @property
    def order(self) -> tuple[int, int]:
        """What "newest" means within one key."""
        return self.time, self.offset

    @property
    def sender(self) -> str:
        return str(self.payload.get("senderJid") or self.payload.get("senderLid") or "")


def key_of(event: str, session: str, payload: Json) -> str:
    """The key column of the catalogue."""
    if event in ("session.status", "auth.qr", "auth.code"):
        return session
    if event in ("contact.update", "newsletter.update"):
        jid = payload["jid"]
    elif event in ("group.update", "group.participant"):
        jid = payload["groupJid"]
    elif event == "presence.update":
        jid = payload.get("chatJid") or payload["from"]
    elif event == "call.incoming":
        jid = payload["from"]
    else:
        jid = payload["chatJid"]
    return f"{session}|{jid}"


def jid_of(key: str) -> str:
    return key.split("|", 1)[1]


def user_of(jid: str) -> str:
    return jid.split("@", 1)[0]


def is_phone(jid: str) -> bool:
    return jid.endswith("@s.whatsapp.net")


def is_lid(jid: str) -> bool:
    return jid.endswith("@lid")


def is_group(jid: str) -> bool:
    return jid.endswith("@g.us")


def chat_type(jid: str) -> str:
    if jid == "status@broadcast":
        return "status"
    domain = jid.rsplit("@", 1)[1]
    return {
        "s.whatsapp.net": "dm",
        "lid": "dm",
        "g.us": "group",
        "newsletter": "newsletter",
        "broadcast": "broadcast",
    }[domain]
