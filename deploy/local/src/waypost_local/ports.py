import random
import socket
from itertools import chain

from waypost_local.errors import LocalError

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A loopback port that nothing uses at this moment.

    From below the range that Linux gives to outgoing connections (32768 and up), so that none of those takes it
    before the server does that it is for.
    """
    first, last = 20_000, 32_000
    start = random.randrange(first, last)
    for port in chain(range(start, last), range(first, start)):
        if _bindable(port):
            return port
    raise LocalError(f"no port is free on {LOOPBACK} between {first} and {last}")


def require_free(port: int, purpose: str, flag: str) -> None:
    if not _bindable(port):
        raise LocalError(f"port {port} ({purpose}) is in use: stop what listens on it, or choose another with {flag}")


def _bindable(port: int) -> bool:
    with socket.socket() as probe:
        # As the servers do: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
