"""The folder that a local system lives in. Its data, keys and logs survive a stop."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from waypost_local.errors import LocalError


@dataclass(frozen=True)
class DataFolder:
    path: Path

    @property
    def record(self) -> Path:
        return self.path / "run.json"

    @property
    def demo_key(self) -> Path:
        return self.path / "demo.key"

    def log(self, name: str) -> Path:
        return self.path / "logs" / f"{name}.log"

    def data(self, name: str) -> Path:
        return self.path / "data" / name

    def create(self) -> None:
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.data("").mkdir(exist_ok=True)
            self.path.joinpath("logs").mkdir(exist_ok=True)
        except OSError as error:
            raise LocalError(f"cannot use the folder {self.path} ({error.strerror}): choose another with --data") from error

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Held for as long as a supervisor runs on this folder. Raises LocalError when another one does."""
        with self.path.joinpath("lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise LocalError(
                    f"a system already runs on {self.path}: stop it with `waypost-local down --data {quote(str(self.path))}`, "
                    "or start a second one with another --data and other ports"
                ) from error
            yield

    def cursor_secret(self) -> str:
        """Made once: cursors that clients hold stay good over a restart."""
        return self._made_once("cursor.secret")

    def network_secret(self) -> str:
        """Made once: the simulated network derives from it what the sessions log in with."""
        return self._made_once("network.secret")

    def device_keys(self) -> str:
        """Made once: what sessions log in with is sealed by it. docs/device-keys.md says how to rotate it."""
        return self._made_once("device.keys")

    def _made_once(self, name: str) -> str:
        path = self.path / name
        if not path.exists():
            write_secret(path, secrets.token_urlsafe(32))
        return path.read_text().strip()


def write_secret(path: Path, text: str) -> None:
    """Readable by its owner alone, from the first byte on."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
