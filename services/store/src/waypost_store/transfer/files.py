"""The files of an export: compressed lines, their checksums, and nothing half-done under a final name. All of it blocks."""

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from waypost_store.errors import StoreError
from waypost_store.transfer.manifest import MANIFEST, MOST_BYTES, ExportedFile, Manifest, parse_manifest

PART: Final = ".part"
LINES: Final = ".ndjson.gz"
LEVEL: Final = 6
"""Of gzip's nine: higher ones take twice the time for a few per cent."""
CHUNK_BYTES: Final = 16 * 1024 * 1024
"""So that a few lines at a time fit into memory, however long they are."""
COPY_AGAIN: Final = "copy the export again, or make it anew"


class ExportFolder:
    """A folder that becomes an export once `finish` has written its manifest. Only its owner may read what is in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open = ExitStack()
        self._files: dict[str, gzip.GzipFile] = {}
        self._lines: dict[str, int] = {}

    def prepare(self) -> None:
        """Makes the folder, and removes what an export that was interrupted has left. Raises StoreError."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = sorted(self._folder.iterdir())
            if any(one.name == MANIFEST for one in found):
                raise StoreError(f"{self._folder} holds an export already: name another folder")
            if others := [one.name for one in found if not one.name.endswith((LINES, PART))]:
                raise StoreError(f"{self._folder} holds something else ({others[0]}): name another folder")
            for one in found:
                one.unlink()
        except OSError as error:
            raise _failure(error) from error

    def append(self, name: str, lines: list[bytes]) -> None:
        """Raises StoreError."""
        try:
            file = self._files.get(name) or self._opened(name)
            file.write(b"".join(line + b"\n" for line in lines))
        except OSError as error:
            raise _failure(error) from error
        self._lines[name] += len(lines)

    def close(self) -> None:
        """What was not finished stays as parts, which the next run removes."""
        self._files = {}
        with suppress(OSError):  # a full disk has been told of
            self._open.close()

    def finish_files(self) -> list[ExportedFile]:
        """Closes all, and gives them their names. Raises StoreError."""
        try:
            self._open.close()
            finished = []
            for name, lines in sorted(self._lines.items()):
                path = self._folder / name
                Path(f"{path}{PART}").replace(path)
                size, digest = path.stat().st_size, sha256(path)
                finished.append(ExportedFile(name=name, lines=lines, bytes=size, sha256=digest))
        except OSError as error:
            raise _failure(error) from error
        return finished

    def finish(self, manifest: Manifest) -> None:
        """Raises StoreError."""
        write_whole(self._folder / MANIFEST, manifest.to_bytes())

    def _opened(self, name: str) -> gzip.GzipFile:
        raw = self._open.enter_context(open(f"{self._folder / name}{PART}", "wb", opener=_private))  # noqa: SIM115
        # No name and no time in it: equal events make equal files.
        file = self._open.enter_context(gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=raw, mtime=0))
        self._files[name], self._lines[name] = file, 0
        return file


def write_whole(path: Path, content: bytes) -> None:
    """The old content, or all of the new one, whatever happens. Raises StoreError."""
    part = Path(f"{path}{PART}")
    try:
        with open(part, "wb", opener=_private) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise _failure(error) from error


def read_manifest(folder: Path) -> Manifest:
    """Raises StoreError."""
    try:
        with (folder / MANIFEST).open("rb") as file:
            return parse_manifest(file.read(MOST_BYTES))
    except FileNotFoundError as error:
        raise StoreError(f"{folder} has no {MANIFEST}: it is no export, or one that was not finished") from error
    except OSError as error:
        raise _failure(error) from error


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_file(folder: Path, file: ExportedFile) -> None:
    """Raises StoreError unless it is, byte for byte, what was exported."""
    try:
        digest = sha256(folder / file.name)
    except FileNotFoundError as error:
        raise StoreError(f"{file.name} is missing: {COPY_AGAIN}") from error
    except OSError as error:
        raise _failure(error) from error
    if digest != file.sha256:
        raise StoreError(f"{file.name} is not what was exported (its SHA-256 is another one): {COPY_AGAIN}")


def chunks_of(folder: Path, file: ExportedFile, *, lines: int, longest: int) -> Iterator[list[bytes]]:
    """A few lines at a time, without their ends. Raises StoreError for what cannot be read, or is longer than `longest`."""
    try:
        with gzip.open(folder / file.name, "rb") as opened:
            chunk: list[bytes] = []
            size = 0
            while line := opened.readline(longest + 2):
                if len(line.rstrip(b"\n")) > longest:
                    raise StoreError(
                        f"{file.name} holds a line of more than {longest:,} bytes: set WAYPOST_BATCH_MAX_EVENT_BYTES, "
                        "here and for ingest, to what it was where the export was made"
                    )
                chunk.append(line.rstrip(b"\n"))
                size += len(line)
                if len(chunk) == lines or size >= CHUNK_BYTES:
                    yield chunk
                    chunk, size = [], 0
            if chunk:
                yield chunk
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise StoreError(f"{file.name} cannot be read: {COPY_AGAIN}") from error
    except OSError as error:
        raise _failure(error) from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _failure(error: OSError) -> StoreError:
    return StoreError(
        f"{error.filename or 'the folder'}: {error.strerror}: make room or name another folder, then run this again"
    )
