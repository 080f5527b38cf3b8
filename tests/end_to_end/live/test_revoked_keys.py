"""A key that is revoked from the command line: refused by every replica, whether or not it had just let the key in."""

import asyncio
import time
from contextlib import aclosing
from typing import Any, Final

import orjson
import pytest
from tests.end_to_end.live.callers import Caller, error_of
from tests.end_to_end.live.system import LiveSystem
from tests.processes import eventually

from waypost_common.documents import Collection
from waypost_common.identifiers import OrganizationId
from waypost_connector.simulated.world import DEFAULT_ORGANIZATION
from waypost_store.keys import create_key

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

AT_MOST_S: Final = 2.0
"""What docs/security.md promises: the most that WAYPOST_CACHE_API_KEY_MS may be."""
GIVEN_UP_S: Final = 60.0


class Asking:
    """Asks without a rest until it is refused, so that the replica has the key in memory all the while."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.begun = 0.0
        """When the newest request began that was let in. By time.monotonic()."""

    async def until_refused(self) -> None:
        async with asyncio.timeout(GIVEN_UP_S):
            while True:
                begun = time.monotonic()
                answer = await self.caller("listSessions")
                if answer.status_code != 200:
                    assert error_of(answer) == (401, "unauthorized")
                    return
                self.begun = begun


async def listen(caller: Caller, frames: list[Any]) -> None:
    """Until the stream of events ends."""
    async with asyncio.timeout(GIVEN_UP_S), aclosing(caller.lines("/api/v1/events?events=call.incoming")) as lines:
        async for line in lines:
            frames.append(orjson.loads(line))  # noqa: PERF401 - as they come


async def test_a_revoked_key_is_refused_by_every_replica_within_two_seconds(system: LiveSystem) -> None:
    organization = OrganizationId(DEFAULT_ORGANIZATION)
    key_id, key = await create_key(system.pipeline.database, organization=organization, permissions=["read", "events"])
    replicas = [Asking(one.with_key(key)) for one in (system.owner, system.hasty)]
    frames: list[Any] = []
    async with asyncio.TaskGroup() as tasks:
        for replica in replicas:
            tasks.create_task(replica.until_refused())
        tasks.create_task(listen(replicas[1].caller, frames))
        await eventually(lambda: bool(frames) and all(replica.begun for replica in replicas), "both replicas let the key in")
        command = system.pipeline.process("waypost", "keys", "revoke", key_id)
        command.start()
        assert await asyncio.to_thread(command.wait) == 0, command.log
        revoked = time.monotonic()
    # A request that began later is never let in, however slow the machine is.
    assert [replica.begun - revoked < AT_MOST_S for replica in replicas] == [True, True]
    assert frames[-1]["error"]["code"] == "unauthorized"
    for replica in replicas:
        await replica.caller.close()


async def test_of_a_key_nothing_is_stored_or_looked_up_but_its_hash(system: LiveSystem) -> None:
    """So there is no comparison whose time could tell anything: 256 random bits are not guessed bit by bit through SHA-256."""
    database = system.pipeline.database
    caller = await system.another_key()
    assert caller.key is not None
    await database.command({"profile": 2})
    try:
        assert (await caller("listSessions")).status_code == 200
    finally:
        await database.command({"profile": 0})
    of_keys = {"ns": f"{database.name}.{Collection.API_KEYS}"}
    asked = [str(one["command"]) async for one in database["system.profile"].find(of_keys)]
    stored = [str(one) async for one in database[Collection.API_KEYS].find({})]
    secret = caller.key.removeprefix("wa_")
    assert any("'hash': '" in command for command in asked)
    assert not [text for text in (*asked, *stored) if secret in text]
    await database["system.profile"].drop()
    await caller.close()
