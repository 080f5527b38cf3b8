"""Every row of the table, in its order."""

from typing import Final

from benchmarks.row import Row
from benchmarks.rows import (
    change,
    drivers,
    idle,
    ingest,
    list_chats,
    memory,
    messages,
    paging,
    readable,
    rebuild,
    start,
    two_processes,
)

ROWS: Final[tuple[Row, ...]] = (
    ingest.ROW,
    messages.ROW,
    two_processes.ROW,
    readable.ROW,
    change.ROW,
    list_chats.ROW,
    paging.ROW,
    rebuild.ROW,
    memory.ROW,
    idle.ROW,
    start.ROW,
    drivers.ROW,
)
