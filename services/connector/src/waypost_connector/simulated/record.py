"""The network's own record: an append-only file of what happened, one JSON object a line, for tests and for looking into.

Every line has `at` (epoch ms) and `what`: started {seed, sessions}, connected {connection}, logged_in {connection, session,
client, fence}, refused {connection, session, reason}, replaced {connection, session}, delivered {connection, session, first,
last},
acknowledged {connection, session, sequences, ids}, disconnected {connection, session}, broke_protocol {connection, reason}.
"""

import os
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson


class Record:
    """Blocks for a short write. A line is whole or absent, also after the process was killed: each is one write."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self._descriptor)

    def write(self, what: str, **facts: Any) -> None:
        self.append(line_of(what, **facts))

    def append(self, line: bytes) -> None:
        os.write(self._descriptor, line)

    def ends_with(self, line: bytes) -> bool:
        size = os.fstat(self._descriptor).st_size
        return size >= len(line) and os.pread(self._descriptor, len(line), size - len(line)) == line


def line_of(what: str, **facts: Any) -> bytes:
    line = {"at": time.time_ns() // 1_000_000, "what": what, **facts}
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
