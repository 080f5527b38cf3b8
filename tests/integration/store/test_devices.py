"""`waypost devices` as an operator runs it, while connectors save."""

import asyncio
import json
import re
import signal
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle
from typing import Any

import pytest
from tests.integration.store.test_cli import DEADLINE_S, Command
from tests.processes import eventually

from waypost_common.clock import now_ms
from waypost_common.device_keys import Keyring, SealedKeys, key_id
from waypost_common.documents import Collection, DeviceDocument
from waypost_common.identifiers import OrganizationId, SessionId
from waypost_common.mongo import MongoCollection, MongoDatabase
from waypost_common.settings import DeviceBlock
from waypost_store.rekeying import ATTEMPTS, Rekeyed, Rekeying
from waypost_store.schema import ensure_bookkeeping
from waypost_store.settings import StoreSettings

NEW, OLD, LOST = (bytes([number]) * 32 for number in (1, 2, 3))
ROTATED = Keyring([NEW, OLD])
ORGANIZATION = OrganizationId("org_1")
SAVED = b"what a session logs in with"


def setting(*keys: bytes) -> str:
    return ",".join(urlsafe_b64encode(key).decode() for key in keys)


@pytest.fixture
def waypost(settings: StoreSettings) -> Command:
    command = Command(settings)
    command.environment |= {"WAYPOST_DEVICES_KEYS": setting(NEW, OLD)}
    return command


@pytest.fixture
async def devices(database: MongoDatabase) -> MongoCollection:
    await ensure_bookkeeping(database)
    return database[Collection.DEVICES]


def device(session: str, keyring: Keyring | None = None, saved: bytes = SAVED) -> DeviceDocument:
    document = DeviceDocument(
        _id=SessionId(session), organization=ORGANIZATION, backend="simulated", fence=3, holder="01J", sentAt=[now_ms()]
    )
    if keyring is not None:
        document["keys"] = keyring.seal(document["_id"], ORGANIZATION, saved)
        document["keysSavedAt"] = now_ms()
    return document


async def put(devices: MongoCollection, *documents: DeviceDocument) -> None:
    await devices.insert_many([dict(document) for document in documents])


async def save(devices: MongoCollection, session: str, keyring: Keyring, keys: bytes) -> bool:
    """As a connector does, under its fence."""
    sealed = keyring.seal(SessionId(session), ORGANIZATION, keys)
    return bool((await devices.update_one({"_id": session, "fence": 3}, {"$set": {"keys": sealed}})).matched_count)


async def opened(devices: MongoCollection, session: str, *keys: bytes) -> bytes:
    document: Any = await devices.find_one({"_id": session})
    sealed: SealedKeys = document["keys"]
    return Keyring(keys).open(SessionId(session), ORGANIZATION, sealed)


def told_nobody(_: Rekeyed) -> None:
    pass


async def rekeyed(database: MongoDatabase) -> Rekeyed:
    return await Rekeying(database, ROTATED, dry_run=False).run(told_nobody)


async def test_what_was_sealed_with_an_older_key_opens_with_the_newest_alone_afterwards(
    waypost: Command, devices: MongoCollection
) -> None:
    await put(devices, device("a", Keyring([OLD])), device("b", ROTATED), device("c"))
    before = await devices.find_one({"_id": "a"}, {"keys": False})
    code, out, err = await waypost("devices", "rekey", "--json")
    summary = {"keyId": ROTATED.current, "rekeyed": 1, "alreadyCurrent": 1, "failed": [], "dryRun": False}
    assert (code, json.loads(out), err) == (0, summary, "")
    assert [await opened(devices, session, NEW) for session in ("a", "b")] == [SAVED, SAVED]
    assert await devices.find_one({"_id": "a"}, {"keys": False}) == before


async def test_to_do_it_again_changes_nothing(database: MongoDatabase, devices: MongoCollection) -> None:
    await put(devices, device("a", Keyring([OLD])))
    await rekeyed(database)
    before = await devices.find_one({"_id": "a"})
    result = await rekeyed(database)
    assert (result.found, result.current, result.rekeyed) == (0, 1, 0)
    assert await devices.find_one({"_id": "a"}) == before


async def test_a_dry_run_says_what_would_be_done_and_writes_nothing(waypost: Command, devices: MongoCollection) -> None:
    await put(devices, device("a", Keyring([OLD])))
    before = await devices.find_one({"_id": "a"})
    code, out, _ = await waypost("devices", "rekey", "--dry-run")
    assert (code, out) == (0, f"1 session would be sealed with {ROTATED.current}, 0 already so\n")
    assert await devices.find_one({"_id": "a"}) == before


async def test_what_cannot_be_opened_is_told_stays_as_it_is_and_does_not_hinder_the_others(
    waypost: Command, devices: MongoCollection
) -> None:
    nameless = device("c", Keyring([OLD]))
    del nameless["organization"]
    moved = device("b", Keyring([OLD]))
    moved["keys"] = device("elsewhere", Keyring([OLD]))["keys"]
    await put(devices, device("a", Keyring([LOST])), moved, nameless, device("d", Keyring([OLD])))
    before = [one async for one in devices.find({"_id": {"$ne": "d"}}).sort("_id", 1)]
    code, out, err = await waypost("devices", "rekey")
    assert (code, out) == (1, f"1 session sealed with {ROTATED.current}, 0 already so, 3 failed\n")
    assert re.findall(r"^failed: .* session (\w) ", err, re.MULTILINE) == ["a", "b", "c"]
    assert Keyring([LOST]).current in err
    assert [one async for one in devices.find({"_id": {"$ne": "d"}}).sort("_id", 1)] == before
    assert await opened(devices, "d", NEW) == SAVED


async def test_nothing_that_is_printed_holds_a_key_or_what_is_sealed(waypost: Command, devices: MongoCollection) -> None:
    await put(devices, device("a", Keyring([OLD])), device("b", Keyring([LOST])))
    stored = [one["keys"]["data"] async for one in devices.find({})]
    waypost.environment |= {"WAYPOST_LOG_LEVEL": "debug"}
    printed = ""
    for arguments in (("list", "--json"), ("rekey",)):
        _, out, err = await waypost("devices", *arguments)
        printed += out + err
    secrets = [form for one in (NEW, OLD, LOST, SAVED, *stored) for form in (urlsafe_b64encode(one).decode(), one.hex())]
    assert [secret for secret in secrets if secret.rstrip("=") in printed] == []
    assert SAVED.decode() not in printed


async def test_the_list_tells_who_has_a_session_and_which_key_it_needs(waypost: Command, devices: MongoCollection) -> None:
    free = device("b")
    free["holder"] = None
    await put(devices, device("a", Keyring([OLD])), free, device("c", ROTATED), device("d", Keyring([LOST])))
    await devices.insert_one({"_id": "of-an-older-version", "sentAt": []})
    code, out, _ = await waypost("devices", "list")
    lines = out.splitlines()
    assert code == 0
    assert lines[0].startswith(
        f"a  org_1  simulated  fence 3  held by 01J  key {Keyring([OLD]).current} (not the newest)  saved 20"
    )
    assert lines[1] == "b  org_1  simulated  fence 3  held by nobody  no keys"
    assert f"key {ROTATED.current}  saved" in lines[2]
    assert f"key {Keyring([LOST]).current} (not in WAYPOST_DEVICES_KEYS)" in lines[3]
    assert lines[4] == "of-an-older-version  -  -  fence 0  held by nobody  no keys"


async def test_the_list_of_one_session_without_the_setting_says_what_is_not_known(
    waypost: Command, devices: MongoCollection
) -> None:
    await put(devices, device("a", Keyring([OLD])), device("b"))
    del waypost.environment["WAYPOST_DEVICES_KEYS"]
    code, out, err = await waypost("devices", "list", "--session", "a", "--json")
    (line,) = json.loads(out)
    assert code == 0
    assert (line["session"], line["keyId"], line["keyState"], line["fence"]) == ("a", Keyring([OLD]).current, None, 3)
    assert "WAYPOST_DEVICES_KEYS is not set" in err


async def test_without_the_setting_nothing_can_be_sealed_again_and_a_key_can_be_made(waypost: Command) -> None:
    del waypost.environment["WAYPOST_DEVICES_KEYS"]
    code, out, err = await waypost("devices", "rekey")
    assert (code, out) == (2, "")
    assert err.startswith("waypost: WAYPOST_DEVICES_KEYS is not set")
    code, out, _ = await waypost("devices", "new-key", "--json")
    key = json.loads(out)
    assert (code, key["keyId"]) == (0, key_id(*DeviceBlock(keys=key["key"]).decoded()))


class SavedMeanwhile(Rekeying):
    """A connector saves between what is read and what is written, so often as is told."""

    def __init__(self, database: MongoDatabase, by: Keyring, times: int) -> None:
        super().__init__(database, ROTATED, dry_run=False)
        self._by, self._times = by, times

    async def _replaced(self, session: SessionId, found: dict[str, Any], sealed: dict[str, Any]) -> bool:
        if self._times:
            self._times -= 1
            assert await save(self._devices, session, self._by, f"saved with {self._times} to come".encode())
        return await super()._replaced(session, found, sealed)


@pytest.mark.parametrize(("by", "again", "current"), [(Keyring([OLD]), 1, 0), (ROTATED, 0, 1)], ids=["older", "newest"])
async def test_a_save_between_reading_and_writing_is_kept(
    database: MongoDatabase, devices: MongoCollection, by: Keyring, again: int, current: int
) -> None:
    await put(devices, device("a", Keyring([OLD])))
    result = await SavedMeanwhile(database, by, times=1).run(told_nobody)
    assert (result.rekeyed, result.current, result.failed) == (again, current, [])
    assert await opened(devices, "a", NEW) == b"saved with 0 to come"


async def test_a_session_that_is_saved_without_end_is_given_up(database: MongoDatabase, devices: MongoCollection) -> None:
    await put(devices, device("a", Keyring([OLD])))
    result = await SavedMeanwhile(database, Keyring([OLD]), times=ATTEMPTS).run(told_nobody)
    assert [failure.session for failure in result.failed] == ["a"]
    assert await opened(devices, "a", OLD) == b"saved with 0 to come"


async def test_a_session_that_is_unlinked_meanwhile_gets_no_keys_back(database: MongoDatabase, devices: MongoCollection) -> None:
    class Unlinked(Rekeying):
        async def _replaced(self, session: SessionId, found: dict[str, Any], sealed: dict[str, Any]) -> bool:
            await devices.update_one({"_id": session}, {"$unset": {"keys": ""}})
            return await super()._replaced(session, found, sealed)

    await put(devices, device("a", Keyring([OLD])))
    result = await Unlinked(database, ROTATED, dry_run=False).run(told_nobody)
    assert (result.rekeyed, result.gone, result.failed) == (0, 1, [])
    assert "keys" not in (await devices.find_one({"_id": "a"}) or {})


async def test_of_connectors_that_save_all_the_time_no_save_is_lost(waypost: Command, devices: MongoCollection) -> None:
    sessions = [f"s{number:03}" for number in range(100)]
    await put(devices, *(device(session, Keyring([OLD])) for session in sessions))
    last: dict[str, bytes] = {}
    async with saving(devices, sessions, last):
        code, out, _ = await waypost("devices", "rekey", "--json")
    done = json.loads(out)
    assert (code, done["failed"], done["rekeyed"] + done["alreadyCurrent"]) == (0, [], 100)
    assert {session: await opened(devices, session, NEW, OLD) for session in sessions} == last
    assert {one["fence"] async for one in devices.find({})} == {3}


@asynccontextmanager
async def saving(devices: MongoCollection, sessions: list[str], last: dict[str, bytes]) -> AsyncIterator[None]:
    """Every session once at least before the block begins, then on and on until it ends; `last` tells what was saved last."""
    ended = asyncio.Event()

    async def save_on() -> None:
        for number, session in cycle(enumerate(sessions)):
            # Half of the connectors have the new key already.
            by, keys = (ROTATED if number % 2 else Keyring([OLD])), b"%f" % time.monotonic()
            assert await save(devices, session, by, keys)
            last[session] = keys
            if ended.is_set():
                return

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(save_on(), name="saving")
        await eventually(lambda: len(last) == len(sessions), "every session saved once")
        try:
            yield
        finally:
            ended.set()


async def test_what_is_interrupted_in_the_middle_is_finished_by_doing_it_again(
    waypost: Command, database: MongoDatabase, devices: MongoCollection
) -> None:
    sessions = [f"s{number:03}" for number in range(600)]
    await put(devices, *(device(session, Keyring([OLD])) for session in sessions))
    newest = {"keys.keyId": ROTATED.current}

    async def begun() -> bool:
        return await devices.count_documents(newest) > 0

    process = await waypost.start("waypost", "devices", "rekey")
    await eventually(begun, "some are done", every=0.01)
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(DEADLINE_S):
        _, err = await process.communicate()
    done = await devices.count_documents(newest)
    assert 0 < done < len(sessions)
    assert (process.returncode, "run it again for the others" in err.decode()) == (130, True)
    result = await rekeyed(database)
    assert (result.current, result.rekeyed, result.failed) == (done, len(sessions) - done, [])
    assert {await opened(devices, session, NEW) for session in sessions} == {SAVED}
