"""The user's cache of downloaded server programs, shared by every clone of the repository."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "waypost"


def name_with_digest(name: str, *contents: bytes) -> str:
    """A name that changes with what the folder is made from: another version is another folder."""
    return f"{name}-{hashlib.sha256(b''.join(contents)).hexdigest()[:10]}"


def install_once(name: str, build: Callable[[Path], None], cache: Path | None = None) -> Path:
    """The folder `name` of the cache; `build` fills a temporary folder first when it is not there yet.

    Blocks while another process installs the same thing. The folder appears whole or not at all.
    """
    folder = (cache or cache_folder()) / name
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.is_dir():
            return folder
        for left_over in folder.parent.glob(f"{name}.*/"):
            shutil.rmtree(left_over, ignore_errors=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=folder.parent))
        try:
            build(unfinished)
            unfinished.chmod(0o755)
            unfinished.rename(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return folder
