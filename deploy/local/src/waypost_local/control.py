"""What other commands do to a running system, by what its record says."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from shlex import quote
from typing import Any

from waypost_local.errors import LocalError
from waypost_local.folder import DataFolder
from waypost_local.record import ProcessRecord, read_record

START_SECONDS = 900
"""As long as a first start may take, downloads over a slow line included."""
STOP_SECONDS = 120


def start_detached(folder: DataFolder, command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Starts a supervisor that outlives us, and blocks until its system runs. Raises LocalError when it ends before."""
    folder.create()
    with folder.owned():
        pass
    log = folder.log("supervisor")
    with log.open("wb") as output:
        supervisor = subprocess.Popen(  # noqa: S603 - our own module
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            record = read_record(folder.record)
            if record is not None and record.supervisor.pid == supervisor.pid and record.state == "running":
                return supervisor
            if supervisor.poll() is not None:
                raise LocalError(log.read_text(errors="replace").strip().rpartition("error: ")[2])
            time.sleep(0.05)
    except KeyboardInterrupt:
        supervisor.terminate()
        supervisor.wait(STOP_SECONDS)
        raise
    supervisor.terminate()
    raise LocalError(f"the system was not ready within {START_SECONDS} s; the log is {log}")


def stop(folder: DataFolder) -> bool:
    """Stops what runs on a folder; blocks until it is down. False: nothing ran.

    The supervisor stops its processes itself. One whose supervisor was killed died with it; were it alive, it is stopped.
    """
    record = read_record(folder.record)
    if record is None:
        return False
    running = [process for process in (record.supervisor, *reversed(record.processes)) if process.is_running]
    for process in running:
        _stop(process)
    return bool(running)


def _stop(process: ProcessRecord) -> None:
    for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 5)):
        deadline = time.monotonic() + seconds
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)
        while process.is_running:
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        else:
            return


def status(folder: DataFolder) -> dict[str, Any]:
    """What `status --json` prints."""
    record = read_record(folder.record)
    if record is None:
        return {"state": "stopped", "services": [], "data": str(folder.path), "error": None}
    return {
        "state": record.true_state,
        "services": [
            {
                "name": process.name,
                "pid": process.pid if process.is_running else None,
                "state": "running" if process.is_running else "stopped",
                "log": process.log,
                "metrics": process.metrics_url,
            }
            for process in record.processes
        ],
        "api": record.api_url,
        "kafka": record.environment.get("WAYPOST_KAFKA_BOOTSTRAP_SERVERS"),
        "data": str(folder.path),
        "error": record.error,
    }


def exports(folder: DataFolder) -> str:
    """The running system's settings as lines that a shell takes. Raises LocalError when nothing runs."""
    record = read_record(folder.record)
    if record is None or record.true_state != "running":
        raise LocalError(f"nothing runs on {folder.path}: start it with `waypost-local up --data {quote(str(folder.path))}`")
    return "\n".join(f"export {name}={quote(value)}" for name, value in sorted(record.environment.items()))
