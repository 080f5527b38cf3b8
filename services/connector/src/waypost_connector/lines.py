"""Lines of a file or a pipe, as they come, in bounded memory."""

from collections.abc import Iterator
from typing import Final, Protocol

from waypost_common.events import MAX_EVENT_BYTES

CHUNK_BYTES: Final = 4 * 1024 * 1024


class Source(Protocol):
    def read1(self, size: int, /) -> bytes:
        """What is there, at most `size` bytes; waits only when there is nothing; empty at the end."""
        ...


def chunks_of_lines(source: Source) -> Iterator[list[bytes]]:
    """The lines that each reading completes, without their ends. Of one longer than any event only the beginning is kept."""
    rest = b""
    while chunk := source.read1(CHUNK_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        rest = rest[: MAX_EVENT_BYTES + 1]
        yield lines
    if rest:
        yield [rest]
