"""A worker of Kafka Connect (standalone) with the official MongoDB sink connector, which is told by HTTP what to do."""

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.servers import Servers
from waypost_local.cache import install_once, name_with_digest
from waypost_local.kafka import copy_jars, find_java
from waypost_local.ports import LOOPBACK, free_port
from waypost_local.process import Child

READY_SECONDS: Final = 300.0
STOP_SECONDS: Final = 30.0
LOOK_EVERY_SECONDS: Final = 0.05
PROJECT: Final = Path(__file__).with_name("pom.xml")
LOGGING: Final = Path(__file__).with_name("log4j2.yaml")
JAVA_FLAGS: Final = (
    *("-server", "-Xms256M", "-Xmx2G", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"),
    *("-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent"),
)
"""Those that Kafka's own connect-standalone.sh gives."""


class ConnectWorker:
    def __init__(self, child: Child, port: int) -> None:
        self.child = child
        self._address = f"http://{LOOPBACK}:{port}"

    def until_ready(self) -> None:
        """Blocks until it takes connectors; at once when it does already. Raises LocalError where it ends before."""
        self.child.wait_ready(self._missing, READY_SECONDS)

    def _missing(self) -> str | None:
        try:
            self._ask("GET", "/connectors")
        except (OSError, urllib.error.URLError) as error:
            return f"Kafka Connect does not answer: {error}"
        return None

    @contextmanager
    def connector(self, name: str, settings: Mapping[str, str]) -> Iterator[None]:
        """Runs from entering to leaving the context; has ended then."""
        self._ask("PUT", f"/connectors/{name}/config", settings)
        try:
            yield
        finally:
            self._ask("DELETE", f"/connectors/{name}")
            give_up = time.monotonic() + STOP_SECONDS
            while name in self._ask("GET", "/connectors") and time.monotonic() < give_up:
                time.sleep(LOOK_EVERY_SECONDS)

    def require_running(self, name: str) -> None:
        """Raises RuntimeError with the connector's own words when it has failed."""
        self.child.require_running()
        try:
            status = self._ask("GET", f"/connectors/{name}/status")
        except urllib.error.HTTPError as error:
            if error.code == 404:  # not taken up yet
                return
            raise
        for part in (status["connector"], *status["tasks"]):
            if part["state"] == "FAILED":
                raise RuntimeError(f"the sink connector failed: {part.get('trace', '')[:2_000]}")

    def _ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._address + path, data, headers={"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None


@contextmanager
def run_worker(servers: Servers) -> Iterator[ConnectWorker]:
    """Started, not ready yet: that takes it ten seconds, in which other things can be done.

    Its jars are fetched from Maven Central the first time. Raises LocalError where Java or Maven is missing.
    """
    jars = install_once(name_with_digest("connect", PROJECT.read_bytes()), lambda folder: copy_jars(PROJECT, folder, "Connect"))
    port = free_port()
    folder = servers.folder / "connect"
    folder.mkdir()
    settings = folder / "worker.properties"
    settings.write_text("".join(f"{name}={value}\n" for name, value in _worker_settings(servers, folder, port).items()))
    command = [
        *(find_java(), *JAVA_FLAGS, f"-Dlog4j2.configurationFile={LOGGING}", "-cp", f"{jars}/*"),
        *("org.apache.kafka.connect.cli.ConnectStandalone", str(settings)),
    ]
    child = Child("Kafka Connect", command, os.environ, folder / "connect.log")
    try:
        yield ConnectWorker(child, port)
    finally:
        child.stop(STOP_SECONDS)


def _worker_settings(servers: Servers, folder: Path, port: int) -> dict[str, str]:
    return {
        "bootstrap.servers": servers.bootstrap_servers,
        "listeners": f"http://{LOOPBACK}:{port}",
        "offset.storage.file.filename": str(folder / "offsets"),
        # The connector parses a string of JSON by itself, in one step; Connect's own JSON converter would make maps of it first.
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "org.apache.kafka.connect.storage.StringConverter",
    }
