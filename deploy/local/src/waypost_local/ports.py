"""Ports on the loopback: free ones, and those that must be."""

import os
import random
import socket
import sys
from collections import deque
from collections.abc import Container, Iterable, Iterator
from itertools import cycle, islice
from typing import Final

from waypost_local.errors import LocalError

LOOPBACK = "127.0.0.1"


FIRST, LAST = 20_000, 32_000
"""Below the range that Linux gives to outgoing connections (32768 and up): none takes a port before the server it is for."""


def _from_anywhere(first: int, last: int) -> Iterator[int]:
    """In an order of this process's own: two that give ports side by side hardly ever give the same."""
    return iter(random.sample(range(first, last), last - first))


_NEXT: Final = cycle(_from_anywhere(FIRST, LAST))
"""Goes on where it was left, so that a port which nothing listens on yet is not given to another as well."""


_HELD: Final[deque[int]] = deque()
"""The file descriptors of sockets that are bound to the ports given last, and never listen."""
HOLDS: Final = 500 if sys.platform == "linux" else 0
"""On Linux a server that reuses addresses, as all do, may listen on a port that such a socket holds; nobody else is given it."""


def free_port(without: Container[int] = (), first: int = FIRST, last: int = LAST) -> int:
    """A loopback port that nothing uses, or was given, at this moment. Of the usual range, none comes twice before all others."""
    usual = (first, last) == (FIRST, LAST)
    for port in islice(_NEXT, last - first) if usual else _from_anywhere(first, last):
        if port not in without and _hold(port):
            return port
    raise LocalError(f"no port is free on {LOOPBACK} between {first} and {last}")


def free_ports(without: Iterable[int]) -> Iterator[int]:
    """Without end, and none of them twice."""
    given = set(without)
    while True:
        port = free_port(given)
        given.add(port)
        yield port


def require_free(port: int, purpose: str, flag: str) -> None:
    if not _bindable(port):
        raise LocalError(f"port {port} ({purpose}) is in use: stop what listens on it, or choose another with {flag}")


def _hold(port: int) -> bool:
    """Whether nobody has it; then it is held until as many others have been given."""
    with socket.socket() as holder:
        try:
            holder.bind((LOOPBACK, port))
        except OSError:
            return False
        if HOLDS:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            _HELD.append(holder.detach())
    while len(_HELD) > HOLDS:
        os.close(_HELD.popleft())
    return True


def _bindable(port: int) -> bool:
    with socket.socket() as probe:
        # As the servers do: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
