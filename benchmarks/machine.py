"""Where and on what a run was made: figures mean nothing without."""

import os
import platform
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from pymongo import MongoClient

from benchmarks.references.connect_worker import PROJECT
from benchmarks.servers import MEMORY, Servers
from waypost_common.settings import MongoSettings

PACKAGES: Final = ("pymongo", "motor", "aiokafka", "pydantic", "starlette", "uvicorn", "uvloop", "orjson")
ROOT: Final = Path(__file__).parents[1]
_POM: Final = "{http://maven.apache.org/POM/4.0.0}"


@dataclass(frozen=True, kw_only=True)
class Machine:
    date: str
    commit: str
    """With `+` where the folder had changes that are not committed."""
    system: str
    processor: str
    cores: int
    memory_gibibytes: float
    load_average: float
    """Over the minute before the run: what else went on."""
    data: str
    """Where Kafka and mongod kept theirs: `memory` or `disk`."""
    driver: str
    """Of MongoDB, in all rows but the one that compares them."""
    versions: dict[str, str]

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def describe_machine(servers: Servers) -> Machine:
    return Machine(
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        commit=_commit(),
        system=f"{platform.system()} {platform.release()}",
        processor=_from_proc("cpuinfo", "model name") or platform.machine(),
        cores=os.cpu_count() or 0,
        memory_gibibytes=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        load_average=round(os.getloadavg()[0], 2),
        data="memory" if servers.folder.is_relative_to(MEMORY) else "disk",
        driver=os.environ.get("WAYPOST_MONGO_DRIVER", MongoSettings().driver),
        versions=_versions(servers),
    )


def _versions(servers: Servers) -> dict[str, str]:
    with MongoClient[dict[str, object]](servers.mongo_url) as client:
        mongod = str(client.server_info()["version"])
    packages = {name: version(name) for name in PACKAGES}
    return {"python": platform.python_version(), "mongod": mongod} | _jars() | packages


def _jars() -> dict[str, str]:
    """As the project names them that Kafka Connect is fetched by; the broker is of the same version."""
    found = {}
    for dependency in ElementTree.parse(PROJECT).getroot().iter(f"{_POM}dependency"):
        found[dependency.findtext(f"{_POM}artifactId", "")] = dependency.findtext(f"{_POM}version", "")
    return {name: found[name] for name in ("connect-runtime", "mongo-kafka-connect", "mongodb-driver-sync")}


def _commit() -> str:
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        return commit + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _from_proc(file: str, name: str) -> str | None:
    path = Path("/proc", file)
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), None)
