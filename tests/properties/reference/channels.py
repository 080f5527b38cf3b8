"""One channel, read from all newsletter.update events of its key.

Decision where the catalogue is silent: leaving a channel keeps its role, name and the rest; only `followed` changes.
"""

from .records import Json, Record, jid_of

FIELDS = ("name", "description", "role", "subscribers", "inviteLink")


class Channel:
    def __init__(self, key: str) -> None:
        self.key = key
        self.events: list[Record] = []

    def name(self) -> str | None:
        name: str | None = self.view()["name"]
        return name

    def view(self) -> Json:
        channel: Json = {"jid": jid_of(self.key), **dict.fromkeys(FIELDS), "followed": False, "muted": False}
        for record in self.events:
            payload = record.payload
            channel.update({field: payload[field] for field in FIELDS if field in payload})
            match payload["action"]:
                case "join":
                    channel["followed"] = True
                    channel["role"] = channel["role"] or "subscriber"
                case "leave":
                    channel["followed"] = False
                case "mute":
                    channel["muted"] = True
                case "unmute":
                    channel["muted"] = False
        return channel
