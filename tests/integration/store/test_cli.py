"""The commands as an operator runs them: processes with settings in their environment."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.integration.store.conftest import PARTITIONS, System, header_is

from waypost_common.api_keys import hash_api_key
from waypost_common.documents import Collection
from waypost_common.generations import GenerationState
from waypost_common.identifiers import CommandId, event_id_of_command
from waypost_common.mongo import MongoDatabase
from waypost_common.topics import COMMANDS_STORE, EVENTS, INGEST_GROUP, connector_group, group_name, live_commands
from waypost_store.rebuild.records import GenerationRecords
from waypost_store.settings import StoreSettings

PROGRAMS = Path(sys.executable).parent
DEADLINE_S = 40


class Command:
    """Runs `waypost` with the test's own settings."""

    def __init__(self, settings: StoreSettings) -> None:
        self.environment = os.environ | {
            "WAYPOST_KAFKA_BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
            "WAYPOST_KAFKA_TOPIC_PREFIX": settings.kafka.topic_prefix,
            "WAYPOST_KAFKA_PARTITIONS": str(PARTITIONS),
            "WAYPOST_MONGO_URL": settings.mongo.url.get_secret_value(),
            "WAYPOST_MONGO_DATABASE": settings.mongo.database,
        }

    async def start(self, program: str, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            str(PROGRAMS / program),
            *arguments,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, standard output and standard error."""
        process = await self.start("waypost", *arguments)
        async with asyncio.timeout(DEADLINE_S):
            out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()


@pytest.fixture
def waypost(settings: StoreSettings) -> Command:
    return Command(settings)


async def test_a_key_is_shown_once_kept_as_a_hash_and_revoked_by_its_id(
    waypost: Command, migrated: StoreSettings, database: MongoDatabase
) -> None:
    code, out, _ = await waypost(
        "keys", "create", "--organization", "org_1", "--permissions", "read", "--expires", "1d", "--json"
    )
    made = json.loads(out)
    assert (code, set(made)) == (0, {"id", "key"})
    stored = await database[Collection.API_KEYS].find_one({"_id": made["id"]})
    assert stored is not None
    assert stored["hash"] == hash_api_key(made["key"])
    assert stored["expiresAt"] - stored["createdAt"] == 86_400_000
    assert made["key"] not in str(stored)
    _, listed, _ = await waypost("keys", "list", "--organization", "org_1", "--json")
    assert [key["id"] for key in json.loads(listed)] == [made["id"]]
    assert stored["hash"] not in listed
    assert (await waypost("keys", "revoke", made["id"]))[0] == 0
    revoked = await database[Collection.API_KEYS].find_one({"_id": made["id"]})
    assert revoked is not None
    assert revoked["revokedAt"] is not None


async def test_a_key_needs_a_database_that_is_set_up(waypost: Command) -> None:
    code, out, err = await waypost("keys", "create", "--organization", "org_1", "--permissions", "read")
    assert (code, out) == (1, "")
    assert err == "waypost: the database is not set up yet: run `waypost migrate` first\n"


async def test_a_setting_of_the_wrong_type_is_named(waypost: Command) -> None:
    waypost.environment |= {"WAYPOST_STORE_BATCH_RECORDS": "many"}
    code, _, err = await waypost("status")
    assert code == 2
    assert err.startswith("waypost: WAYPOST_STORE_BATCH_RECORDS should be a valid integer")
    assert err.count("\n") == 1


async def test_status_and_doctor_tell_what_waits_unread(waypost: Command, system: System) -> None:
    await system.command()
    code, out, _ = await waypost("status", "--json")
    status: dict[str, Any] = json.loads(out)
    behind = [partition for partition in status["partitions"] if partition["lag"]]
    assert (code, status["generation"], status["sessions"]) == (0, 1, {"working": 1})
    assert [(partition["topic"], partition["lag"]) for partition in behind] == [
        (system.settings.kafka.topic_prefix + COMMANDS_STORE, 1)
    ]
    assert behind[0]["oldestUnprocessedMs"] >= 0
    code, out, _ = await waypost("doctor")
    assert code == 1
    assert "start waypost-store" in out


async def test_status_tells_of_connectors_and_of_a_generation_that_is_made(
    waypost: Command, system: System, database: MongoDatabase
) -> None:
    kafka = system.settings.kafka
    records = GenerationRecords(database)
    await records.begin(2, carried=[])
    await records.move(2, GenerationState.BUILDING, out_of={GenerationState.PREPARING})
    positions = await database[Collection.POSITIONS].find({"generation": 1}).to_list(None)
    await database[Collection.POSITIONS].insert_many(
        [one | {"_id": f"2|{one['partition']}", "generation": 2, "offset": 0} for one in positions]
    )
    await system.publish(EVENTS, b"one", b"S1")
    await system.publish(EVENTS, b"two", b"S1")
    await system.publish(live_commands("simulated"), b"{}", b"S1")
    code, out, _ = await waypost("status", "--json")
    status: dict[str, Any] = json.loads(out)
    made, connectors = group_name(kafka, INGEST_GROUP, 2), group_name(kafka, connector_group("simulated"))
    assert (code, status["making"]) == (0, [{"generation": 2, "state": "building", "group": made}])
    assert {"group": made, "members": 0} in status["groups"]
    assert {"group": connectors, "members": 0} in status["groups"]
    lags = {
        group: sum(one["lag"] for one in status["partitions"] if one["group"] == group)
        for group in (group_name(kafka, INGEST_GROUP), made, connectors)
    }
    assert lags == {group_name(kafka, INGEST_GROUP): 2, made: 1, connectors: 1}
    code, out, _ = await waypost("doctor")
    assert code == 1
    assert f"nobody reads for group {connectors}: start waypost-connector" in out
    assert "generation 2 is building and stands still" in out


async def test_the_service_works_until_it_is_told_to_stop_and_exits_cleanly(waypost: Command, system: System) -> None:
    process = await waypost.start("waypost-store")
    async with asyncio.timeout(DEADLINE_S):
        command = await system.command()
        await system.event_of(command)
        await system.publish(COMMANDS_STORE, b"{", b"x")
        await system.record("wa.commands.dlq", header_is("dlq-reason", "not_json"))
        process.send_signal(signal.SIGTERM)
        _, err = await process.communicate()
    assert process.returncode == 0
    assert "Traceback" not in err.decode()


async def test_a_service_that_waits_for_its_servers_stops_when_told(waypost: Command) -> None:
    waypost.environment |= {"WAYPOST_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    process = await waypost.start("waypost-store")
    assert process.stderr is not None
    async with asyncio.timeout(DEADLINE_S):
        while b"waiting for Kafka" not in await process.stderr.readline():
            pass
        process.send_signal(signal.SIGTERM)
        await process.communicate()
    assert process.returncode == 0


async def test_a_service_without_its_servers_ends_with_what_to_do(waypost: Command) -> None:
    waypost.environment |= {"WAYPOST_STORE_STARTUP_TIMEOUT_S": "1"}
    process = await waypost.start("waypost-store")
    async with asyncio.timeout(DEADLINE_S):
        _, err = await process.communicate()
    assert process.returncode == 1
    assert "run `waypost migrate`, then start again" in err.decode().splitlines()[-1]


@pytest.mark.slow
async def test_a_store_that_is_killed_at_work_loses_no_command_and_doubles_no_event_id(waypost: Command, system: System) -> None:
    waypost.environment |= {"WAYPOST_KAFKA_SESSION_TIMEOUT_MS": "6000", "WAYPOST_STORE_BATCH_RECORDS": "5"}
    first = await waypost.start("waypost-store")
    async with asyncio.timeout(DEADLINE_S * 2):
        await system.event_of(await system.command())
        commands = [await system.command(payload={"chatJid": f"62{index}@s.whatsapp.net"}) for index in range(100)]
        first.kill()
        await first.communicate()
        second = await waypost.start("waypost-store")
        events = [await system.event_of(command) for command in commands]
        second.terminate()
        await second.communicate()
    ids = [json.loads(event.value or b"")["id"] for event in events]
    assert ids == [event_id_of_command(CommandId(command)) for command in commands]
