"""The network's own record, read while it grows: who is logged in where, and who was at any moment."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from waypost_connector.simulated.record import NAME

UNREAD = "delivered"
"""The most lines, of no use here."""


@dataclass(frozen=True)
class Login:
    at: int
    """Epoch ms, by the network's clock."""
    connection: int
    session: str
    client: str
    fence: int | None


class NetworkRecord:
    """Of a network whose record is one file: started with a `--record-mebibytes` that is never reached."""

    def __init__(self, folder: Path) -> None:
        self.lines: list[dict[str, Any]] = []
        self.logins: list[Login] = []
        self.acknowledged: dict[str, int] = {}
        """By event id: its place in the session's stream."""
        self._path = folder / NAME
        self._read = 0
        self._now: dict[str, Login] = {}

    def read(self) -> "NetworkRecord":
        """Takes in what was written since."""
        if not self._path.exists():
            return self
        with self._path.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in map(orjson.loads, whole.splitlines()):
            self._take(line)
        return self

    def holders(self) -> dict[str, str]:
        """The client that each session is logged in by."""
        return {session: login.client for session, login in self._now.items()}

    def logins_by_session(self, since: int) -> dict[str, list[Login]]:
        """From the login of that number on."""
        found: dict[str, list[Login]] = defaultdict(list)
        for login in self.logins[since:]:
            found[login.session].append(login)
        return found

    def calls(self) -> list[dict[str, Any]]:
        """That were done."""
        return [line for line in self.lines if line["what"] == "called" and line["outcome"] == "done"]

    def clients(self) -> dict[int, Login]:
        """By connection."""
        return {login.connection: login for login in self.logins}

    def _take(self, line: dict[str, Any]) -> None:
        if line["what"] == UNREAD:
            return
        self.lines.append(line)
        match line["what"]:
            case "acknowledged":
                self.acknowledged |= zip((f"evt_{name}" for name in line.pop("ids")), line.pop("sequences"), strict=True)
            case "logged_in":
                login = Login(line["at"], line["connection"], line["session"], line["client"], line["fence"])
                self.logins.append(login)
                self._now[login.session] = login
            case "disconnected" if (held := self._now.get(line["session"])) and held.connection == line["connection"]:
                del self._now[line["session"]]
            case "started":
                self._now.clear()
