"""What an export says of itself: `manifest.json`, written last, so that what has one is whole."""

from typing import Annotated, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from waypost_common.fields import OrganizationIdField, SessionIdField
from waypost_common.identifiers import EpochMs
from waypost_store.errors import StoreError

MANIFEST: Final = "manifest.json"
FORMAT: Final = "waypost-export"
VERSION: Final = 1
MOST_BYTES: Final = 64 * 1024 * 1024
SESSIONS_FILE: Final = "sessions.ndjson.gz"
"""Holds what concerns the sessions themselves. Imported last: nobody serves or shows a session whose chats are not there."""
ADDRESSES_FILE: Final = "addresses.ndjson.gz"

Count = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")


class ExportedFile(_Part):
    """One JSON value a line, compressed with gzip."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}\.ndjson\.gz$")]
    lines: Count
    bytes: Count
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Of the file as it is, compressed."""


class ExportedSession(_Part):
    session: SessionIdField
    events: Count


class ReadPartition(_Part):
    """Offsets of the log that were read: from `first` on, before `end`."""

    partition: Count
    first: Count
    end: Count


class LeftOut(_Part):
    """Records of these sessions that changed no document, and are not in the export."""

    unusable: Count = 0
    """What ingest set aside as dead letters: of a wrong form, key, size or organization."""
    repeated: Count = 0
    """Second events of one command."""


class Manifest(_Part):
    format: Literal["waypost-export"] = FORMAT
    version: Literal[1] = VERSION
    id: Annotated[str, Field(pattern=r"^exp_[0-9A-Z]{26}$")]
    created_at: EpochMs
    organization: OrganizationIdField
    sessions: list[ExportedSession]
    events: Count
    complete: bool
    """Whether the log still held all events that the documents came from."""
    topic: str
    read: list[ReadPartition]
    left_out: LeftOut
    files: list[ExportedFile]
    """One event a line, those of one key in the order of the log. In the order in which they are to be imported."""
    addresses: ExportedFile | None
    """Which address names each person's chat, as connectors have chosen it; None where they have chosen none."""

    def to_bytes(self) -> bytes:
        return orjson.dumps(self.model_dump(by_alias=True), option=orjson.OPT_INDENT_2) + b"\n"


def parse_manifest(text: bytes) -> Manifest:
    """Raises StoreError with what is wrong. Pure."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise StoreError(f"{MANIFEST} is no JSON: copy the export again") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise StoreError(f"{MANIFEST} is not that of an export of Waypost")
    if found.get("version") != VERSION:
        raise StoreError(f"the export has format version {found.get('version')}, this waypost reads {VERSION}: use a newer one")
    try:
        return Manifest.model_validate(found)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise StoreError(f"{MANIFEST}: {place}: {first['msg']}: copy the export again") from error
