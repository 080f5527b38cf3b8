"""One real Apache Kafka node (KRaft) on the loopback, without containers."""

import os
import shutil
import socket
import struct
import uuid
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

from waypost_local.cache import install_once, name_with_digest
from waypost_local.errors import LocalError
from waypost_local.ports import LOOPBACK, free_port
from waypost_local.process import Child, indented, run

MAXIMUM_RECORD_BYTES = 10 * 1024 * 1024
READY_SECONDS = 60
STOP_SECONDS = 20
# Fast to start and small: measured 1.9 s to the first answer, against 2.4 s with Java's defaults.
# The young generation is small because a collection stops the broker: of the default size, the first one came after half a
# minute and took 30 ms, by which one request waited; so it is 6 to 21. The metaspace: two full collections fewer at start.
JAVA_FLAGS = ("-Xmx512m", "-Xmn16m", "-XX:MetaspaceSize=64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_INSTALLED_FROM = (files("waypost_local") / "pom.xml", files("waypost_local") / "log4j2.yaml")


@dataclass(frozen=True)
class Programs:
    """How this machine formats a log folder and starts a broker."""

    format: tuple[str, ...]
    start: tuple[str, ...]


def find_programs(cache: Path | None = None) -> Programs:
    """Kafka's scripts when they are on PATH, else the jars from Maven Central, fetched once.

    Blocks for about 40 s the first time. Raises LocalError when Java or Maven is missing.
    """
    start, storage = shutil.which("kafka-server-start.sh"), shutil.which("kafka-storage.sh")
    java = find_java()
    if start and storage:
        return Programs((storage,), (start,))
    libraries = install_once(name_with_digest("kafka", *(file.read_bytes() for file in _INSTALLED_FROM)), _fetch_jars, cache)
    classes = ("-cp", f"{libraries}/*")
    configuration = f"-Dlog4j2.configurationFile={libraries}/log4j2.yaml"
    return Programs(
        (java, *JAVA_FLAGS, configuration, *classes, "kafka.tools.StorageTool"),
        (java, *JAVA_FLAGS, configuration, *classes, "kafka.Kafka"),
    )


def find_java() -> str:
    """That of JAVA_HOME, else the one on PATH. Raises LocalError."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if java is None:
        raise LocalError(
            "Java is missing: install Java 17 (Debian: apt-get install openjdk-17-jre-headless maven), "
            "or name a running Kafka in WAYPOST_KAFKA_BOOTSTRAP_SERVERS, or use: docker compose up"
        )
    return java


def _fetch_jars(folder: Path) -> None:
    jars, logging = _INSTALLED_FROM
    (folder / "log4j2.yaml").write_bytes(logging.read_bytes())
    with as_file(jars) as project:
        copy_jars(project, folder, "Kafka")


def copy_jars(project: Path, folder: Path, what: str) -> None:
    """Puts all that a Maven project needs to run into the folder, checksums compared. May block long. Raises LocalError."""
    maven = shutil.which("mvn")
    if maven is None:
        raise LocalError(
            f"Maven is missing, which fetches {what}: install it (Debian: apt-get install maven), "
            "or name a running Kafka in WAYPOST_KAFKA_BOOTSTRAP_SERVERS, or use: docker compose up"
        )
    command = [
        *(maven, "--quiet", "--batch-mode", "--strict-checksums", "--file", str(project)),
        *("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"),
    ]
    done = run(command)
    if done.returncode != 0:
        raise LocalError(f"Maven could not fetch {what}: check the network, then run again{indented(done.stdout)}")


def prepare(programs: Programs, folder: Path, port: int) -> Path:
    """Writes the settings and, once, the empty log. The settings file is the broker's only argument.

    Idempotent: data of an earlier start is kept, also when the port changes.
    """
    if "," in str(folder):
        raise LocalError(f"Kafka takes no folder with a comma in its name, as {folder} has: choose another with --data")
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "server.properties"
    settings.write_text("".join(f"{name}={_property(str(value))}\n" for name, value in _settings(folder, port).items()))
    if not (folder / "data" / "meta.properties").exists():
        # One that began with a dash, as one in 64 does, would be taken for an option.
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "A")
        command = [*programs.format, "format", "--cluster-id", cluster, "--config", str(settings)]
        done = run(command)
        if done.returncode != 0:
            raise LocalError(
                f"Kafka could not make its data folder {folder}; it needs Java 17 or newer{indented(done.stdout + done.stderr)}"
            )
    return settings


def _property(value: str) -> str:
    """As Java reads it: Latin-1, with a backslash before what has a meaning."""
    codes = value.encode("utf-16-be")
    units = (int.from_bytes(codes[index : index + 2]) for index in range(0, len(codes), 2))
    return "".join(chr(unit) if 32 <= unit < 127 and unit != ord("\\") else f"\\u{unit:04x}" for unit in units)


def _settings(folder: Path, port: int) -> dict[str, str | int]:
    # Below the ports that the plan of a system has taken for processes which do not run yet.
    controller = free_port({port}, 15_000, 20_000)
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller}",
        "listeners": f"BROKER://{LOOPBACK}:{port},CONTROLLER://{LOOPBACK}:{controller}",
        "advertised.listeners": f"BROKER://{LOOPBACK}:{port}",
        "inter.broker.listener.name": "BROKER",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(folder / "data"),
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "min.insync.replicas": 1,
        "group.initial.rebalance.delay.ms": 0,
        "message.max.bytes": MAXIMUM_RECORD_BYTES,
        "replica.fetch.max.bytes": MAXIMUM_RECORD_BYTES,
    }


def start(programs: Programs, settings: Path, log: Path) -> Child:
    environment = dict(os.environ) | {
        # Read by Kafka's own scripts only.
        "KAFKA_HEAP_OPTS": "-Xmx512m",
        "LOG_DIR": str(log.parent),
    }
    return Child("kafka", [*programs.start, str(settings)], environment, log)


def missing(bootstrap_servers: str) -> str | None:
    """None once a broker answers a metadata request with at least one live broker, else what is wrong.

    Kafka protocol, Metadata request (key 3) version 1 with an empty list of topics.
    """
    host, _, port = bootstrap_servers.partition(",")[0].strip().rpartition(":")
    if not (host and port.isascii() and port.isdigit()):
        return f"{bootstrap_servers!r} is no list of HOST:PORT"
    try:
        with socket.create_connection((host, int(port)), timeout=2) as connection:
            connection.settimeout(2)
            connection.sendall(struct.pack(">ihhihi", 14, 3, 1, 1, -1, 0))
            _, _, brokers = struct.unpack(">iii", _receive(connection, 12))
    except (OSError, OverflowError) as error:
        return f"no Kafka answers at {bootstrap_servers}: {error}"
    return None if brokers > 0 else "no broker is registered yet"


def _receive(connection: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        part = connection.recv(size - len(received))
        if not part:
            raise ConnectionError("the connection was closed")
        received += part
    return received
