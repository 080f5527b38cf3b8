"""What is written down about a running system: `status`, `down` and `env` read it."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ValidationError

from waypost_local.process import start_time

State = Literal["starting", "running", "stopping", "stopped", "failed"]


class ProcessRecord(BaseModel):
    name: str
    pid: int
    started: int
    """As `process.start_time` gives it: a pid alone may by now be somebody else's."""
    log: str
    metrics_url: str | None = None

    @property
    def is_running(self) -> bool:
        return start_time(self.pid) == self.started


class Record(BaseModel):
    state: State
    supervisor: ProcessRecord
    error: str | None = None
    api_url: str
    environment: dict[str, str]
    given: list[str] = []
    """The variables of `environment` that name a server of the caller's."""
    processes: list[ProcessRecord] = []

    @property
    def true_state(self) -> State:
        """The state, unless the supervisor was killed and could not write it."""
        if self.state in {"starting", "running", "stopping"} and not self.supervisor.is_running:
            return "stopped"
        return self.state


def read_record(path: Path) -> Record | None:
    """None as well for what another version wrote, or a full disk cut off: nothing can be known from it."""
    try:
        return Record.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def write_record(path: Path, record: Record) -> None:
    """Whole or not at all: others read it while the system runs."""
    unfinished = path.with_suffix(".new")
    unfinished.touch(mode=0o600)
    unfinished.write_text(record.model_dump_json(indent=2))
    unfinished.replace(path)
