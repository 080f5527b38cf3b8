"""What clients have changed in the world, on disk: messages sent, channels made, followed and left, devices linked and unlinked.

A database of its own beside the streams'. All methods block; the disk's thread calls them.
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from waypost_common.identifiers import Jid, MessageId, OrganizationId, SessionId
from waypost_connector.simulated.database import Database

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS sent (session INTEGER NOT NULL, id TEXT NOT NULL, chat TEXT NOT NULL, PRIMARY KEY (session, id))
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS made (jid TEXT PRIMARY KEY, session INTEGER NOT NULL, name TEXT NOT NULL, description TEXT)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unfollowed (session INTEGER NOT NULL, jid TEXT NOT NULL, PRIMARY KEY (session, jid)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS paired (number INTEGER PRIMARY KEY, session TEXT NOT NULL UNIQUE, organization TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS unlinked (session TEXT PRIMARY KEY) WITHOUT ROWID;
"""

FIRST_PAIRED: Final = 1_000_000
"""Numbers below are those of the sessions that the world begins with."""


@dataclass(frozen=True)
class Channel:
    """A channel that a session made."""

    jid: Jid
    session: int
    name: str
    description: str | None


class CallStorage(Database):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "calls.sqlite3", SCHEMA)

    def sent(self, session: int, message: MessageId, chat: Jid) -> None:
        self._connection.execute("INSERT OR IGNORE INTO sent VALUES (?, ?, ?)", (session, message, chat))

    def chat_of(self, session: int, message: MessageId) -> Jid | None:
        """Where a message was sent to; None when no call sent it."""
        row = self._connection.execute("SELECT chat FROM sent WHERE session = ? AND id = ?", (session, message)).fetchone()
        return None if row is None else Jid(row[0])

    def made(self, channel: Channel) -> None:
        row = (channel.jid, channel.session, channel.name, channel.description)
        self._connection.execute("INSERT OR IGNORE INTO made VALUES (?, ?, ?, ?)", row)

    def channel(self, jid: Jid) -> Channel | None:
        row = self._connection.execute("SELECT jid, session, name, description FROM made WHERE jid = ?", (jid,)).fetchone()
        return None if row is None else Channel(*row)

    def pair(self, session: SessionId, organization: OrganizationId) -> int:
        """The number of a session that the world did not begin with, the same each time."""
        self._connection.execute(
            "INSERT OR IGNORE INTO paired SELECT max(?, coalesce(max(number) + 1, 0)), ?, ? FROM paired",
            (FIRST_PAIRED, session, organization),
        )
        found = self._connection.execute("SELECT number FROM paired WHERE session = ?", (session,)).fetchone()
        return int(found[0])

    def paired(self) -> list[tuple[int, SessionId, OrganizationId]]:
        """Number, name and organization of all such sessions."""
        rows = self._connection.execute("SELECT number, session, organization FROM paired ORDER BY number")
        return [(number, SessionId(session), OrganizationId(organization)) for number, session, organization in rows]

    def unlink(self, session: SessionId) -> None:
        self._connection.execute("INSERT OR IGNORE INTO unlinked VALUES (?)", (session,))

    def link(self, session: SessionId) -> None:
        self._connection.execute("DELETE FROM unlinked WHERE session = ?", (session,))

    def unlinked(self) -> set[SessionId]:
        return {SessionId(session) for (session,) in self._connection.execute("SELECT session FROM unlinked")}

    def follow(self, session: int, jid: Jid) -> None:
        self._connection.execute("DELETE FROM unfollowed WHERE session = ? AND jid = ?", (session, jid))

    def unfollow(self, session: int, jid: Jid) -> None:
        self._connection.execute("INSERT OR IGNORE INTO unfollowed VALUES (?, ?)", (session, jid))

    def unfollowed(self) -> dict[int, set[Jid]]:
        """The channels that sessions have left."""
        found: dict[int, set[Jid]] = defaultdict(set)
        for session, jid in self._connection.execute("SELECT session, jid FROM unfollowed"):
            found[session].add(Jid(jid))
        return found
