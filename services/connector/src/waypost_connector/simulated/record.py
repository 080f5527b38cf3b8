"""The network's own record: files of what happened, one JSON object a line, for tests and for looking into.

Every line has `at` (epoch ms) and `what`: started {seed, sessions}, connected {connection}, left {connection} that never logged
in, logged_in {connection, session, client, fence}, refused {connection, reason, session?}, replaced {connection, session},
delivered {connection, session, first, last, duplicates?}, acknowledged {connection, session, client, fence, sequences, ids},
disconnected {connection, session}, broke_protocol {connection, reason}, called {connection, session, client, fence, receivedAt,
command, operation, outcome, ...} as `calls` says, pairing {connection, session, by}, paired {connection, session}, unlinked
{connection, session}; of what `faults` bring about, ended {connection, session} and banned {connection, session}. `client` and
`fence` are what the connection said at its login, `duplicates` the ids of events that had been delivered under an earlier number.
After `started` the numbers of connections begin anew.

Lines are added to `record.ndjson`. Once it is full it becomes `record.1.ndjson`, the next one `record.2.ndjson` and so on; the
newest of these are kept.
"""

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import orjson

NAME: Final = "record.ndjson"
ACTS: Final = ("logged_in", "acknowledged", "called")


@dataclass(frozen=True)
class Retention:
    """How much of the record is kept: at most about `file_bytes` * (`files` + 1)."""

    file_bytes: int = 32 * 1024 * 1024
    files: int = 8
    """Full files; 0 keeps them all."""


DEFAULT_RETENTION: Final = Retention()


class Record:
    """Blocks for a short write. A line is whole or absent, also after the process was killed: each is one write."""

    def __init__(self, folder: Path, retention: Retention) -> None:
        self._folder = folder
        self._retention = retention
        self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self._descriptor)

    def write(self, what: str, **facts: Any) -> None:
        self.append(line_of(what, **facts))

    def append(self, line: bytes) -> None:
        if self._size and self._size + len(line) > self._retention.file_bytes:
            self._rotate()
        self._size += os.write(self._descriptor, line)

    def ends_with(self, line: bytes) -> bool:
        """Whether this line is the last one. A full file is left only when another line comes, so it is never elsewhere."""
        return self._size >= len(line) and os.pread(self._descriptor, len(line), self._size - len(line)) == line

    def _open(self) -> None:
        self._descriptor = os.open(self._folder / NAME, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        self._size = os.fstat(self._descriptor).st_size

    def _rotate(self) -> None:
        full = full_files(self._folder)
        newest = _number(full[-1]) if full else 0
        os.close(self._descriptor)
        (self._folder / NAME).rename(self._folder / f"record.{newest + 1}.ndjson")
        if self._retention.files:
            for old in full[: max(len(full) + 1 - self._retention.files, 0)]:
                old.unlink()
        self._open()


def full_files(folder: Path) -> list[Path]:
    """The files that are not written to any more, oldest first."""
    return sorted(folder.glob("record.[0-9]*.ndjson"), key=_number)


def _number(path: Path) -> int:
    return int(path.name.split(".")[1])


def read_record(folder: Path) -> list[dict[str, Any]]:
    """All lines that are kept, oldest first. May be called while the network runs."""
    while True:
        full = full_files(folder)
        parts = [path.read_bytes() for path in (*full, folder / NAME) if path.exists()]
        if full_files(folder) == full:  # else a file became full meanwhile
            # A line that is being written may be seen in part.
            whole = (part[: part.rfind(b"\n") + 1] for part in parts)
            return [orjson.loads(line) for part in whole for line in part.splitlines()]


class Act(NamedTuple):
    """What somebody did with a session."""

    at: int
    """Epoch ms."""
    kind: str
    """What the record calls it: logged_in, acknowledged or called."""
    session: str
    client: str | None
    fence: int | None


def acts(lines: Iterable[Mapping[str, Any]]) -> Iterator[Act]:
    """The acts among the lines of a record, in their order; a call is as old as it came, which may be long before its line."""
    for line in lines:
        if line["what"] in ACTS:
            yield Act(line.get("receivedAt", line["at"]), line["what"], line["session"], line["client"], line["fence"])


def line_of(what: str, **facts: Any) -> bytes:
    line = {"at": time.time_ns() // 1_000_000, "what": what, **facts}
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
