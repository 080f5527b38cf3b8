"""What the network keeps on disk: how far each session's stream was made, and what was not acknowledged yet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from waypost_common.errors import CannotRunError
from waypost_common.identifiers import Jid
from waypost_connector.simulated.database import Database
from waypost_connector.simulated.folder import private_folder

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS world (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS streams (session INTEGER PRIMARY KEY, step INTEGER NOT NULL, sequence INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS queue (
    session INTEGER NOT NULL, sequence INTEGER NOT NULL, id TEXT NOT NULL, event TEXT NOT NULL, payload BLOB NOT NULL,
    alternative TEXT, PRIMARY KEY (session, sequence)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unrecorded (line BLOB NOT NULL);
"""


class OtherWorldError(CannotRunError):
    """The folder holds a world made with other options; the text says which and what to do."""


@dataclass(slots=True)
class Stream:
    """How far a session's stream was made: the next step, and the sequence number of the last event."""

    step: int = 0
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Queued:
    session: int
    """Number of the session in this world."""
    sequence: int
    id: str
    event: str
    payload: bytes
    alternative: Jid | None


class Storage(Database):
    """All methods block; one thread calls them."""

    def __init__(self, folder: Path) -> None:
        private_folder(folder)
        super().__init__(folder / "network.sqlite3", SCHEMA)

    def keep_world(self, options: Mapping[str, str]) -> None:
        """Remembers what the world was made with. Raises OtherWorldError when the folder holds another one."""
        for name, value in options.items():
            self._connection.execute("INSERT OR IGNORE INTO world VALUES (?, ?)", (name, value))
        kept = dict(self._connection.execute("SELECT name, value FROM world"))
        for name, value in options.items():
            if kept[name] != value:
                raise OtherWorldError(
                    f"this folder holds a world made with --{name} {kept[name]}, not {value}: "
                    f"give --{name} {kept[name]}, or another --data folder, or delete this one"
                )

    def streams(self) -> dict[int, Stream]:
        rows = self._connection.execute("SELECT session, step, sequence FROM streams")
        return {session: Stream(step, sequence) for session, step, sequence in rows}

    def depths(self) -> dict[int, int]:
        """Events not acknowledged, per session."""
        return dict(self._connection.execute("SELECT session, COUNT(*) FROM queue GROUP BY session"))

    def append(self, events: Iterable[Queued], streams: Mapping[int, Stream]) -> None:
        """Queues new events and moves their streams on, all or nothing."""
        self._connection.execute("BEGIN")
        self._connection.executemany(
            "INSERT INTO queue VALUES (?, ?, ?, ?, ?, ?)",
            ((e.session, e.sequence, e.id, e.event, e.payload, e.alternative) for e in events),
        )
        self._connection.executemany(
            "INSERT OR REPLACE INTO streams VALUES (?, ?, ?)",
            ((session, stream.step, stream.sequence) for session, stream in streams.items()),
        )
        self._connection.execute("COMMIT")

    def page(self, session: int, after: int, limit: int) -> list[Queued]:
        """The next queued events of a session, in order."""
        rows = self._connection.execute(
            "SELECT * FROM queue WHERE session = ? AND sequence > ? ORDER BY sequence LIMIT ?", (session, after, limit)
        )
        return [Queued(*row) for row in rows]

    def acknowledge(self, session: int, through: int, line: bytes) -> int:
        """Forgets a session's events up to this one and says how many; keeps the line that the record is to have of it."""
        self._connection.execute("BEGIN")
        deleted = self._connection.execute("DELETE FROM queue WHERE session = ? AND sequence <= ?", (session, through))
        self._connection.execute("INSERT INTO unrecorded VALUES (?)", (line,))
        self._connection.execute("COMMIT")
        return deleted.rowcount

    def unrecorded(self) -> bytes | None:
        """The line that may be missing in the record, since the process was killed."""
        row = self._connection.execute("SELECT line FROM unrecorded").fetchone()
        return None if row is None else bytes(row[0])

    def recorded(self) -> None:
        """The record has the line now."""
        self._connection.execute("DELETE FROM unrecorded")
