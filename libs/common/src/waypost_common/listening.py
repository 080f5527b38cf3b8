"""What to do when a port is taken."""

from collections.abc import Iterator
from contextlib import contextmanager

from waypost_common.errors import CannotRunError


@contextmanager
def listening_at(setting: str) -> Iterator[None]:
    """Around what opens a port: raises CannotRunError that names the setting when that fails."""
    try:
        yield
    except OSError as error:
        raise CannotRunError(f"cannot listen as {setting} says ({error.strerror}): set it to a free port") from error
