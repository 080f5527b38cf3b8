"""What a local system is made of, as data: the processes after the two servers, their settings and their order."""

import http.client
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from waypost_local.demo_key import DEMO_PERMISSIONS
from waypost_local.folder import DataFolder
from waypost_local.ports import LOOPBACK, free_ports

DEMO_ORGANIZATION = "org_demo"


@dataclass(frozen=True)
class Options:
    data: Path = Path(".waypost")
    api_port: int = 8080
    kafka_port: int = 9092
    mongo_port: int = 27017
    simulation: bool = True
    connectors: int = 1
    """They share the simulated sessions."""


@dataclass(frozen=True)
class ProcessPlan:
    name: str
    command: tuple[str, ...]
    metrics_port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    ready_seconds: float = 60
    stop_seconds: float = 15

    @property
    def metrics_url(self) -> str:
        return f"http://{LOOPBACK}:{self.metrics_port}/metrics"

    def missing(self) -> str | None:
        """None when the process says that it is ready, else one line that says what it waits for."""
        connection = http.client.HTTPConnection(LOOPBACK, self.metrics_port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            response = connection.getresponse()
            text = response.read(1_000).decode(errors="replace").strip()
        except (OSError, http.client.HTTPException):
            return "nothing listens on its metrics port yet"
        finally:
            connection.close()
        return None if response.status == 200 else text or f"/readyz says {response.status}"


@dataclass(frozen=True)
class Plan:
    """The whole system but for the servers. Every command gets `environment`; a process adds its own."""

    processes: tuple[ProcessPlan, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    migrate: tuple[str, ...] = ()
    create_key: tuple[str, ...] = ()
    api_port: int = 8080


def script(name: str) -> str:
    """A command of this installation, also where its folder is not on PATH."""
    return str(Path(sys.executable).parent / name)


def _connector(number: int, metrics_port: int) -> ProcessPlan:
    name = "connector" if number == 1 else f"connector-{number}"
    environment = {"WAYPOST_CONNECTOR_GATEWAY_ID": f"connector-{number}"}
    return ProcessPlan(name, (script("waypost-connector"), "run"), metrics_port, environment)


def make_plan(options: Options, folder: DataFolder, kafka: str, mongo: str) -> Plan:
    """The real system, on the servers at the given addresses. Picks free ports for metrics and the simulated network."""
    ports = free_ports({options.api_port, options.kafka_port, options.mongo_port})
    environment = {
        "WAYPOST_KAFKA_BOOTSTRAP_SERVERS": kafka,
        "WAYPOST_MONGO_URL": mongo,
        "WAYPOST_METRICS_HOST": LOOPBACK,
        "WAYPOST_HTTP_HOST": LOOPBACK,
        "WAYPOST_HTTP_PORT": str(options.api_port),
        "WAYPOST_CURSOR_SECRET": folder.cursor_secret(),
        "WAYPOST_DEVICES_KEYS": folder.device_keys(),
    }
    processes = [
        ProcessPlan("store", (script("waypost-store"),), next(ports)),
        ProcessPlan("ingest", (script("waypost-ingest"),), next(ports)),
        ProcessPlan("api", (script("waypost-api"),), next(ports)),
    ]
    if options.simulation:
        environment |= {
            "WAYPOST_NETWORK_HOST": LOOPBACK,
            "WAYPOST_NETWORK_PORT": str(next(ports)),
            "WAYPOST_NETWORK_SECRET": folder.network_secret(),
        }
        network = (
            *(script("waypost-simulated-network"), "--data", str(folder.data("network"))),
            *("--seed", "1", "--sessions", "3", "--chats", "200", "--rate", "20"),
        )
        processes += [
            ProcessPlan("simulated-network", network, next(ports)),
            *(_connector(number, next(ports)) for number in range(1, options.connectors + 1)),
        ]
    return Plan(
        environment=environment,
        migrate=(script("waypost"), "migrate"),
        create_key=(
            *(script("waypost"), "keys", "create", "--organization", DEMO_ORGANIZATION),
            *("--permissions", ",".join(sorted(DEMO_PERMISSIONS)), "--json"),
        ),
        processes=tuple(processes),
        api_port=options.api_port,
    )
