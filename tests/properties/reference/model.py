"""The reference model: takes the log record by record and says what a reader of the stored copy sees.

Written from the event catalogue alone. It keeps every event and works out each answer when asked, so there is no
incremental state to get wrong. What it decided where the catalogue is silent stands in the module of each family;
about delivery and commands:
- A record that was taken before (same partition and offset) changes nothing and gives the same outcome again.
- A key remembers its last 32 distinct commands in order of first sight; a repeat does not move one to the front, and a
  rejected one is remembered too, also where no chat was ever seen.
- Only chat.update and session.status give outcomes. A repeat changes nothing even when the first event of its command
  was not the last one; whether an outcome goes out depends on the event's own `command-last`.
"""

from .channels import Channel
from .chats import Chat
from .contacts import Contacts
from .groups import Group
from .records import Json, Outcome, Record, chat_type, jid_of
from .sessions import Session

COMMANDS_REMEMBERED = 32


class ReferenceModel:
    def __init__(self) -> None:
        self._taken: dict[tuple[int, int], Outcome | None] = {}
        self._commands: dict[str, list[Outcome]] = {}
        self._sessions: dict[str, Session] = {}
        self._chats: dict[str, Chat] = {}
        self._contacts = Contacts()
        self._groups: dict[str, Group] = {}
        self._channels: dict[str, Channel] = {}

    def apply(self, record: Record) -> Outcome | None:
        position = (record.partition, record.offset)
        if position not in self._taken:
            self._taken[position] = self._take(record)
        return self._taken[position]

    def remembered(self, record: Record) -> Outcome | None:
        """What the key of an event still knows of the event's command."""
        kept = self._commands.get(record.key, [])[-COMMANDS_REMEMBERED:]
        return next((outcome for outcome in kept if outcome["command"] == record.headers.get("command")), None)

    def view(self) -> Json:
        visible = {key: chat for key, chat in self._chats.items() if chat.visible}
        return {
            "sessions": {key: session.view() for key, session in self._sessions.items()},
            "chats": {key: chat.view(self._name(key)) for key, chat in visible.items()},
            "contacts": {key: contact.view(has_direct_chat=key in visible) for key, contact in self._contacts.by_key.items()},
            "groups": {key: group.view() for key, group in self._groups.items()},
            "channels": {key: channel.view() for key, channel in self._channels.items()},
        }

    def _take(self, record: Record) -> Outcome | None:
        command = record.headers.get("command")
        if command is None or record.event not in ("chat.update", "session.status"):
            self._fold(record)
            return None
        seen = self._commands.setdefault(record.key, [])
        outcome = next((earlier for earlier in seen[-COMMANDS_REMEMBERED:] if earlier["command"] == command), None)
        if outcome is None:
            done = self._fold(record)
            outcome = Outcome(
                command=command,
                status="succeeded" if done else "rejected",
                code=None if done else "not_found",
            )
            seen.append(outcome)
        return outcome if record.headers.get("command-last") == "true" else None

    def _fold(self, record: Record) -> bool:
        """Whether the event's precondition, if it has one, held."""
        key = record.key
        match record.event:
            case "session.status" | "auth.qr" | "auth.code":
                self._sessions.setdefault(key, Session(key)).events.append(record)
            case "message" | "message.from_me":
                if self._chat(key).take_message(record):
                    self._contacts.take_new_message(record)
            case "message.edited" | "message.revoked" | "message.reaction" | "poll.vote" | "message.status":
                self._chat(key).take_other(record)
            case "chat.update":
                return self._chat(key).take_update(record)
            case "contact.update":
                self._contacts.take_update(record)
            case "group.update":
                self._chat(key).appear()
                self._groups.setdefault(key, Group(key)).events.append(record)
            case "group.participant":
                self._groups.setdefault(key, Group(key)).events.append(record)
            case "newsletter.update":
                self._channels.setdefault(key, Channel(key)).events.append(record)
            case "presence.update" | "call.incoming":
                pass
            case unknown:
                raise ValueError(f"not in the catalogue: {unknown}")
        return True

    def _chat(self, key: str) -> Chat:
        return self._chats.setdefault(key, Chat(key))

    def _name(self, key: str) -> str | None:
        match chat_type(jid_of(key)):
            case "dm":
                return self._contacts.name(key)
            case "group":
                return self._groups[key].subject() if key in self._groups else None
            case "newsletter":
                return self._channels[key].name() if key in self._channels else None
        return None
