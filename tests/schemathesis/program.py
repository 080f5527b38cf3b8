"""Schemathesis in an environment of its own: what it needs need not fit what Waypost needs."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LOCK = HERE / "requirements.lock"
CONFIGURATION = HERE / "schemathesis.toml"
FOLDER = ROOT / ".schemathesis"


def find_program() -> Path:
    """Its command. Installs what the lock file says, unless that is there already: seconds, from the package registry."""
    installed, wanted = FOLDER / "installed", hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if not installed.exists() or installed.read_text() != wanted:
        _install()
        installed.write_text(wanted)
    return FOLDER / "bin/schemathesis"


def _install() -> None:
    """By uv, which `make` has brought, else by pip."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    uv, python = _uv(), str(FOLDER / "bin/python")
    subprocess.run([sys.executable, "-m", "venv", *(["--without-pip"] if uv else []), str(FOLDER)], check=True)
    client = [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
    subprocess.run([*client, "--quiet", "--require-hashes", "--requirement", str(LOCK)], check=True)


def _uv() -> str | None:
    own = ROOT / ".uv/bin/uv"
    return str(own) if own.exists() else shutil.which("uv")
