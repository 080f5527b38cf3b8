"""Three small mongods, one replica set."""

import asyncio
from pathlib import Path
from typing import Any, Final

from pymongo import MongoClient
from pymongo.errors import PyMongoError
from tests.faults.servers import OwnServer
from tests.processes import eventually

from waypost_local import mongod
from waypost_local.ports import LOOPBACK
from waypost_local.process import Child

MEMBERS: Final = 3
CACHE_GB: Final = 0.25
COUNTS_WRITE_CONCERNS: Final = ("--setParameter", "reportOpWriteConcernCountersInServerStatus=true")


class Member(OwnServer):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder, mongod.READY_SECONDS)
        self.address = f"{LOOPBACK}:{self.port}"
        self._program = mongod.find_program()

    def command(self, command: dict[str, Any]) -> dict[str, Any]:
        """Of this member, whichever it is in the set. Blocks for 5 s at most when it does not answer; raises PyMongoError."""
        options: dict[str, Any] = {"directConnection": True, "serverSelectionTimeoutMS": 5_000, "socketTimeoutMS": 5_000}
        with MongoClient[dict[str, Any]](LOOPBACK, self.port, **options) as client:
            return dict(client.admin.command(command))

    def is_primary(self) -> bool:
        return bool(self.command({"hello": 1}).get("isWritablePrimary"))

    def writes(self) -> dict[str, dict[str, Any]]:
        """How many writes were asked of it since it started, by kind and write concern; `none` for those that named none."""
        return dict(self.command({"serverStatus": 1})["opWriteConcernCounters"])

    def _launch(self) -> Child:
        log = self._folder / "mongod.log"
        return mongod.start(self._program, self._folder / "data", self.port, log, CACHE_GB, options=COUNTS_WRITE_CONCERNS)

    def _missing(self) -> str | None:
        """Usable before it belongs to a set, as primary or as secondary."""
        try:
            hello = self.command({"hello": 1})
        except PyMongoError as error:
            return str(error)[:200]
        usable = "setName" not in hello or hello["isWritablePrimary"] or hello["secondary"]
        return None if usable else "neither primary nor secondary yet"


class MongodCluster:
    def __init__(self, folder: Path) -> None:
        self.members = [Member(folder / f"mongod-{number}") for number in range(1, MEMBERS + 1)]
        hosts = ",".join(member.address for member in self.members)
        self.address = f"mongodb://{hosts}/?replicaSet={mongod.REPLICA_SET}"

    async def start(self) -> None:
        """Returns once there is a primary and the others follow it."""
        await asyncio.gather(*(member.start() for member in self.members))
        members = [{"_id": number, "host": member.address} for number, member in enumerate(self.members)]
        initiate = {"replSetInitiate": {"_id": mongod.REPLICA_SET, "members": members}}
        await asyncio.to_thread(self.members[0].command, initiate)
        await eventually(self.is_whole, "a primary and two secondaries")

    def kill(self) -> None:
        for member in self.members:
            member.kill()

    async def is_whole(self) -> bool:
        status = await asyncio.to_thread(self.members[0].command, {"replSetGetStatus": 1})
        return sorted(member["stateStr"] for member in status["members"]) == ["PRIMARY", "SECONDARY", "SECONDARY"]

    async def primary(self, without: Member | None = None) -> Member:
        """Asks all that run, `without` one that does not answer."""
        found: list[Member] = []

        async def there_is_one() -> bool:
            running = [member for member in self.members if member is not without and member.exit_code is None]
            found[:] = [member for member in running if await asyncio.to_thread(member.is_primary)]
            return len(found) == 1

        await eventually(there_is_one, "a primary")
        return found[0]
