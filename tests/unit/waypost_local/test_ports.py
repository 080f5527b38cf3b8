"""Ports that are free, for a while."""

import socket
import sys

import pytest

from waypost_local import ports
from waypost_local.ports import LOOPBACK, free_port

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no port is held")


def test_a_port_that_was_given_is_taken_by_nobody_but_a_server() -> None:
    port = free_port()
    with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
        stranger.bind((LOOPBACK, port))
    with socket.create_server((LOOPBACK, port)) as server, socket.create_connection((LOOPBACK, port)) as client:
        accepted, address = server.accept()
        accepted.close()
        assert address == client.getsockname()


def test_a_port_that_was_given_long_ago_is_held_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "HOLDS", 1)
    first, _second, _third = free_port(), free_port(), free_port()
    with socket.socket() as stranger:
        stranger.bind((LOOPBACK, first))
