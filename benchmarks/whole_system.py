"""All services of a system, with sessions of a simulated network in which nothing happens."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from benchmarks.service import Service, all_running
from benchmarks.system import System
from waypost_local.ports import free_port

SESSIONS: Final = 3
NEXT_TO_NEVER: Final = "0.000001"
"""Events a second, once those of the first logins are made."""


class QuietNetwork:
    """The simulated network, which is no service of ours: it stands for WhatsApp."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._environment = {
            "WAYPOST_NETWORK_PORT": str(free_port()),
            "WAYPOST_NETWORK_SECRET": secrets.token_urlsafe(32),
            "WAYPOST_DEVICES_KEYS": secrets.token_urlsafe(32),
            "WAYPOST_CONNECTOR_GATEWAY_ID": "connector-1",
        }

    def program(self) -> Service:
        folder = self._system.servers.folder / f"{self._system.settings.mongo.database}-network"
        options = ("--data", str(folder), "--sessions", str(SESSIONS), "--history", "0", "--rate", NEXT_TO_NEVER)
        return self._system.service("waypost-simulated-network", *options, **self._environment)

    def services(self) -> list[Service]:
        """Ours, not started yet."""
        return [
            self._system.service("waypost-store"),
            self._system.service("waypost-ingest"),
            self._system.service("waypost-api"),
            self._system.service("waypost-connector", "run", **self._environment),
        ]


@contextmanager
def quiet_network(system: System) -> Iterator[QuietNetwork]:
    """Running."""
    network = QuietNetwork(system)
    with network.program() as program:
        program.until_ready()
        yield network


@contextmanager
def all_services(system: System) -> Iterator[Sequence[Service]]:
    """Every service, ready, on a network that is running beside them."""
    with quiet_network(system) as network, all_running(network.services()) as services:
        yield services
