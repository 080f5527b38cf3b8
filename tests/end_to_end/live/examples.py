"""A valid request of every operation, as far as one is needed to be refused or taken."""

from dataclasses import dataclass
from typing import Any, Final

from tests.end_to_end.live.contract import Documented


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What requests may name, all of one working session."""

    session: str
    person: str
    """Known by a phone number."""
    another: str
    """Somebody whose chat may be deleted."""
    group: str
    channel: str
    lid: str
    message: str
    """Sent by the session to `person`."""
    operation: str

    @property
    def names(self) -> dict[str, str]:
        return {
            "session": self.session,
            "instance": self.session,
            "cid": self.person,
            "jid": self.channel,
            "gid": self.group,
            "lid": self.lid,
            "mid": self.message,
            "operation": self.operation,
        }

    def body(self, operation: Documented) -> Any:
        target = {"chat": self.person}
        bodies = {
            "createChannel": {"name": "News"},
            "muteChannel": {"mute": True},
            "sendMessage": {"type": "text", "to": self.person, "text": "Hello"},
            "editMessage": {**target, "text": "Hello again"},
            "revokeMessage": target,
            "addReaction": {**target, "emoji": "👍"},
            "removeReaction": target,
            "updateChat": {"pinned": True},
            "createSession": {"label": "Example"},
            "sessionPairingCode": {"phone": "628123456789"},
            "muteInstanceChat": {"number": self.person, "mute": True, "duration": "8h"},
            "archiveInstanceChat": {"number": self.person, "archive": False},
            "pinInstanceChat": {"number": self.person, "pin": True},
            "markInstanceChatRead": {"number": self.person, "read": True},
            "deleteInstanceChat": {"number": self.person},
        }
        return bodies.get(operation.id)

    def request(self, operation: Documented) -> dict[str, Any]:
        """For a caller: `names`, and `params` and `json` where the operation takes them."""
        body, params = self.body(operation), PARAMETERS.get(operation.id)
        request: dict[str, Any] = {"names": self.names}
        if body is not None:
            request["json"] = body
        if params is not None:
            request["params"] = {name: self.names.get(value, value) for name, value in params.items()}
        return request


PARAMETERS: Final = {"getMessage": {"chat": "cid"}}
"""Query parameters that an operation does not go without; a value that names a part of the path stands for that."""
