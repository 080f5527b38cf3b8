"""The page's files as they are served, read once from the package."""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

MEDIA_TYPES: Final = {"css": "text/css", "html": "text/html", "js": "text/javascript", "svg": "image/svg+xml"}
INDEX: Final = "index.html"
VERSION_PLACE: Final = b"{version}"


@dataclass(frozen=True, slots=True)
class File:
    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class ConsoleFiles:
    version: str
    """Of all files together, by their content: modules import each other by relative names, so they change as one."""
    index: File
    assets: dict[str, File]
    """By name."""


@cache
def console_files() -> ConsoleFiles:
    folder = files("waypost_api.console") / "static"
    found = {file.name: file.read_bytes() for file in folder.iterdir() if _ending(file.name) in MEDIA_TYPES}
    digest = hashlib.sha256()
    for name in sorted(found):
        digest.update(f"{name}\0{len(found[name])}\0".encode() + found[name])
    version = digest.hexdigest()[:16]
    index = found.pop(INDEX).replace(VERSION_PLACE, version.encode())
    assets = {name: File(content, MEDIA_TYPES[_ending(name)]) for name, content in found.items()}
    return ConsoleFiles(version, File(index, MEDIA_TYPES["html"]), assets)


def _ending(name: str) -> str:
    return name.rpartition(".")[2]
