"""Fences, device keys and gateway ids on a real MongoDB."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr
from tests.unit.waypost_connector.owned import ORGANIZATION
from ulid import ULID

from waypost_common.device_keys import Keyring
from waypost_common.documents import Collection
from waypost_common.errors import CannotRunError
from waypost_common.identifiers import OrganizationId, SessionId
from waypost_common.mongo import MongoDatabase, open_client, open_database
from waypost_common.settings import MongoSettings
from waypost_connector.backend import BackendError, Device, OvertakenError
from waypost_connector.device_store import StoredDevice, StoredDevices
from waypost_connector.fences import Hold, Taking
from waypost_connector.slot import GatewaySlot
from waypost_connector.stored_fences import StoredFences

ONE, OTHER = SessionId("s1"), SessionId("s2")
KEYRING = Keyring([b"k" * 32])


@pytest.fixture(params=["motor", "pymongo"])
async def database(request: Any, mongod_server: str, mongo_database_name: str) -> AsyncIterator[MongoDatabase]:
    settings = MongoSettings(url=SecretStr(mongod_server), database=mongo_database_name, driver=request.param)
    async with open_client(settings, application="test") as client:
        yield open_database(client, settings)


def fences_of(database: MongoDatabase) -> StoredFences:
    return StoredFences(database, backend="tiny", holder=ULID())


def taking(session: SessionId, above: int = 0) -> Taking:
    return Taking(session, ORGANIZATION, lambda: None, above)


async def test_each_take_raises_the_fence_and_says_whether_the_session_was_released(database: MongoDatabase) -> None:
    first, second = fences_of(database), fences_of(database)
    taken = await first.take([taking(ONE), taking(OTHER, above=7)])
    assert {session: (made.fence, made.was_released) for session, made in taken.items()} == {ONE: (1, True), OTHER: (8, True)}
    assert (await second.take([taking(ONE)]))[ONE].was_released is False
    assert await first.fences([ONE, OTHER]) == {OTHER: 8}
    await second.release({ONE: 2})
    assert await second.fences([ONE]) == {}
    third = (await first.take([taking(ONE)]))[ONE]
    assert (third.fence, third.was_released) == (3, True)


async def test_what_is_to_be_taken_only_if_it_is_free_is_left_to_who_has_it(database: MongoDatabase) -> None:
    first, second = fences_of(database), fences_of(database)
    politely = Taking(ONE, ORGANIZATION, lambda: None, only_if_free=True)
    await first.take([taking(ONE)])
    assert await second.take([politely]) == {}
    assert await first.fences([ONE]) == {ONE: 1}
    await first.release({ONE: 1})
    made = (await second.take([politely]))[ONE]
    assert (made.fence, made.was_released) == (2, True)


async def test_a_release_under_an_older_fence_changes_nothing(database: MongoDatabase) -> None:
    first = fences_of(database)
    await first.take([taking(ONE)])
    await first.take([taking(ONE)])
    await first.release({ONE: 1})
    assert await first.fences([ONE]) == {ONE: 2}


async def test_of_two_that_take_a_session_in_the_same_moment_one_has_it(database: MongoDatabase) -> None:
    processes = [fences_of(database) for _ in range(8)]
    results = await asyncio.gather(*(process.take([taking(ONE)]) for process in processes), return_exceptions=True)
    assert not [result for result in results if isinstance(result, BaseException)]
    holders = [process for process in processes if await process.fences([ONE]) == {ONE: len(processes)}]
    assert len(holders) == 1


async def test_what_a_take_says_of_the_organization_is_no_expression(database: MongoDatabase) -> None:
    await fences_of(database).take([Taking(ONE, OrganizationId("$holder"), lambda: None)])
    stored = await database[Collection.DEVICES].find_one({"_id": ONE})
    assert stored is not None
    assert stored["organization"] == "$holder"


async def taken(database: MongoDatabase, session: SessionId = ONE) -> StoredDevice:
    fence = (await fences_of(database).take([taking(session)]))[session].fence
    hold = Hold(session, fence, monotonic=lambda: 0.0)
    hold.see(0.0)
    return StoredDevices(database, KEYRING, backend="tiny").store(hold, ORGANIZATION)


async def test_keys_are_stored_sealed_and_read_by_the_next_owner(database: MongoDatabase) -> None:
    store = await taken(database)
    assert await store.load() is None
    await store.save(b"secret of the device")
    stored = await database[Collection.DEVICES].find_one({"_id": ONE})
    assert stored is not None
    assert b"secret of the device" not in repr(stored).encode()
    assert await (await taken(database)).load() == b"secret of the device"
    assert list(await StoredDevices(database, KEYRING, backend="tiny").devices()) == [Device(ONE, ORGANIZATION)]
    assert not await StoredDevices(database, KEYRING, backend="other").devices()


async def test_who_was_overtaken_neither_saves_nor_deletes(database: MongoDatabase) -> None:
    old = await taken(database)
    new = await taken(database)
    await new.save(b"newer")
    for change in (old.save(b"older"), old.delete()):
        with pytest.raises(OvertakenError):
            await change
    assert await new.load() == b"newer"
    await new.delete()
    await new.delete()
    assert await new.load() is None


async def test_keys_that_no_key_of_the_settings_opens_are_named_and_left_alone(database: MongoDatabase) -> None:
    store = await taken(database)
    await store.save(b"keys")
    hold = Hold(ONE, store.fence)
    stranger = StoredDevices(database, Keyring([b"x" * 32]), backend="tiny").store(hold, ORGANIZATION)
    with pytest.raises(BackendError, match="WAYPOST_DEVICES_KEYS"):
        await stranger.load()
    assert await store.load() == b"keys"


async def test_keys_are_bounded(database: MongoDatabase) -> None:
    with pytest.raises(BackendError, match="at most 1,048,576"):
        await (await taken(database)).save(b"x" * (1024 * 1024 + 1))


def slot(database: MongoDatabase, gateway_id: str = "c1") -> GatewaySlot:
    return GatewaySlot(database, backend="tiny", gateway_id=gateway_id, holder=ULID())


async def test_a_gateway_id_is_free_again_at_once_when_its_process_has_ended(database: MongoDatabase) -> None:
    for _ in range(2):
        async with slot(database).taken(asyncio.Event()) as is_taken:
            assert is_taken
    assert await database[Collection.CONNECTORS].count_documents({}) == 0


async def test_a_second_process_with_the_same_gateway_id_is_told_who_runs_under_it(database: MongoDatabase) -> None:
    first = slot(database)
    async with first.taken(asyncio.Event()), asyncio.TaskGroup() as tasks:
        holding = tasks.create_task(first.hold(), name="hold")
        with pytest.raises(CannotRunError, match=rf"another connector runs as c1 \(process {os.getpid()} on .*GATEWAY_ID"):
            async with slot(database).taken(asyncio.Event()):
                raise AssertionError("both run")
        async with slot(database, "c2").taken(asyncio.Event()) as is_taken:
            assert is_taken
        holding.cancel()


async def test_a_process_that_is_heard_no_more_loses_its_gateway_id_and_is_told_when_it_wakes(database: MongoDatabase) -> None:
    frozen = slot(database)
    async with frozen.taken(asyncio.Event()), slot(database).taken(asyncio.Event()) as is_taken:
        assert is_taken
        with pytest.raises(CannotRunError, match="another connector runs as c1"):
            await frozen.hold()
