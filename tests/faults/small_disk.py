"""A disk that can be filled without harm: a small tmpfs in a mount namespace of its own, gone with the process that holds it."""

import errno
import os
import shlex
import shutil
from pathlib import Path
from typing import Final

import pytest

from waypost_local.process import Child, run

MIB: Final = 1024 * 1024
READY_SECONDS: Final = 20
PROGRAMS: Final = ("mount", "unshare", "nsenter", "setpriv")
NAMESPACES: Final = (("--mount",), ("--user", "--mount"))
"""For root; for anybody, where the kernel lets users make namespaces."""


class SmallDisk:
    """Mounted on `folder` for those alone who are started through `program`. Skips the test where it cannot be mounted."""

    def __init__(self, folder: Path, mebibytes: int) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self._mount = ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "waypost-test", str(folder)]
        self._namespaces = self._possible_namespaces()
        then_wait = f"{shlex.join(self._mount)} && exec sleep infinity"
        self._holder = Child(
            "a small disk", [*self._unshare(self._namespaces), "sh", "-c", then_wait], os.environ, folder.with_suffix(".log")
        )
        self._holder.wait_ready(self._missing, READY_SECONDS)

    def program(self, path: str, *more: str) -> str:
        """A program that runs that one where the disk is mounted: as one process, which dies with its parent."""
        enter = ["nsenter", *self._namespaces, "--target", str(self._holder.pid)]
        if "--user" in self._namespaces:
            enter.append("--preserve-credentials")
        # Entering a user namespace makes the kernel forget the signal at a parent's death.
        command = shlex.join([*enter, "setpriv", "--pdeathsig", "KILL", path])
        script = self.folder.with_suffix(".sh")
        script.write_text(f'#!/bin/sh\nulimit -c 0\nexec {command} "$@" {shlex.join(more)}\n')
        script.chmod(0o700)
        return str(script)

    def fill(self) -> None:
        """To the last byte."""
        with self._ballast.open("ab", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(MIB))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def make_room(self) -> None:
        """Removes what filled it."""
        self._ballast.unlink()

    def unmount(self) -> None:
        self._holder.stop(5)

    @property
    def _inside(self) -> Path:
        """The folder as the holder sees it (man proc_pid_root)."""
        return Path(f"/proc/{self._holder.pid}/root{self.folder}")

    @property
    def _ballast(self) -> Path:
        return self._inside / "ballast"

    def _missing(self) -> str | None:
        return None if os.path.ismount(self._inside) else "not mounted yet"

    def _possible_namespaces(self) -> tuple[str, ...]:
        said = [f"there is no {program}" for program in PROGRAMS if shutil.which(program) is None]
        if said:
            pytest.skip("; ".join(said))
        for namespaces in NAMESPACES:
            tried = run([*self._unshare(namespaces), *self._mount])
            if tried.returncode == 0:
                return namespaces
            said.append(tried.stderr.strip())
        pytest.skip(f"no tmpfs can be mounted here, neither as root nor in a user namespace: {'; '.join(said)}")

    @staticmethod
    def _unshare(namespaces: tuple[str, ...]) -> list[str]:
        return ["unshare", *namespaces, *(["--map-root-user"] if "--user" in namespaces else [])]
