"""A SQLite database in the network's folder."""

import sqlite3
from pathlib import Path
from types import TracebackType
from typing import Self

from waypost_connector.simulated.folder import private_file


class Database:
    """In write-ahead mode: a commit survives the death of the process at any point. Blocks; one thread at a time may use it."""

    def __init__(self, path: Path, schema: str) -> None:
        """Made if missing, its owner's alone. Raises OSError, or sqlite3.Error when the file is something else."""
        private_file(path)  # SQLite gives the files beside it the same permissions
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(schema)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._connection.close()
