"""What an import records beside the export before it publishes anything: where the log ended then. Blocks.

So one that goes on reads only what came since, and not the whole log, to know what of it is there.
"""

import hashlib
from pathlib import Path
from typing import Annotated, Final, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from waypost_common.identifiers import EpochMs
from waypost_store.transfer.files import write_whole
from waypost_store.transfer.manifest import MOST_BYTES

FORMAT: Final = "waypost-import"


class ImportState(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")

    format: Literal["waypost-import"] = FORMAT
    export: str
    target: str
    """Which Kafka, and which topic there."""
    since: dict[int, Annotated[int, Field(ge=0)]]
    """By partition: the log's end before the first event was published. Nothing of the sessions lies before it."""
    started_at: EpochMs
    finished_at: EpochMs | None = None


def state_file(folder: Path, target: str) -> Path:
    """Another one for each system that the export is imported into."""
    return folder / f"import-{hashlib.sha256(target.encode()).hexdigest()[:12]}.json"


def read_state(path: Path, *, export: str, target: str) -> ImportState | None:
    """None where there is none, or none of this import: then the whole log is looked at."""
    try:
        with path.open("rb") as file:
            state = ImportState.model_validate_json(file.read(MOST_BYTES))
    except (OSError, ValidationError):
        return None
    return state if (state.export, state.target) == (export, target) else None


def write_state(path: Path, state: ImportState) -> None:
    """Raises StoreError."""
    write_whole(path, orjson.dumps(state.model_dump(by_alias=True), option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS) + b"\n")
