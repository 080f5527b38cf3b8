"""The network's folder: nobody else may look into it, since it holds message texts and what its sessions are logged in with."""

import os
import secrets
from pathlib import Path


def private_folder(folder: Path) -> None:
    """Makes it if missing, and takes it from everybody but its owner. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)


def private_file(path: Path) -> None:
    """The same for a file, which is made empty if missing. Raises OSError."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    path.chmod(0o600)


def kept_secret(folder: Path) -> str:
    """The secret of a network that was given none, made once. Raises OSError."""
    path = folder / "secret"
    private_file(path)
    if not path.read_text().strip():
        path.write_text(secrets.token_urlsafe(32) + "\n")
    return path.read_text().strip()
