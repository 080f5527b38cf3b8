"""The store is killed again and again while it pushes: WhatsApp ends with the flags of the stored copy."""

import asyncio
import random
import signal
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.pacing import paced
from tests.plugins.pipeline import Pipeline
from tests.processes import Process, eventually

from waypost_common.clock import now_ms
from waypost_common.commands import STORE_COMMAND_ADAPTER, encode_command, key_of_command
from waypost_common.identifiers import CommandId, new_command_id, push_id_of_command
from waypost_common.topics import COMMANDS_STORE
from waypost_connector.simulated.record import read_record
from waypost_connector.simulated.world import DEFAULT_ORGANIZATION, casts
from waypost_local.ports import free_port

CHANGES, A_SECOND, KILLS = 120, 40, 2
CAST = casts(seed=1, sessions=1, chats=6)[0]
WORLD = ("--sessions", "1", "--chats", "6", "--history", "5", "--rate", "1")


@pytest.mark.slow
async def test_whatsapp_ends_with_the_stored_flags_however_often_the_store_is_killed(pipeline: Pipeline, tmp_path: Path) -> None:
    network, chance = tmp_path / "network", random.Random(5)
    address = {"WAYPOST_NETWORK_PORT": str(free_port()), "WAYPOST_NETWORK_SECRET": "of network and connector"}
    store = pipeline.process("waypost-store", WAYPOST_STORE_BATCH_RECORDS="5", WAYPOST_KAFKA_SESSION_TIMEOUT_MS="6000")
    store.start()
    await asyncio.gather(
        pipeline.start("waypost-simulated-network", "--data", str(network), *WORLD, **address), pipeline.start("waypost-ingest")
    )
    await pipeline.start("waypost-connector", "run", **address)
    chats = await chats_of_working_session(pipeline)

    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(change_flags(pipeline, chats, chance), name="changes")
        for _ in range(KILLS):
            await kill_amid_pushes(pipeline, store, chance)
    commands = asking.result()

    async def all_told() -> bool:
        done = {"_id": {"$in": commands}, "status": "succeeded", "push": "succeeded"}
        return await pipeline.database["operations"].count_documents(done) == CHANGES

    await eventually(all_told, lambda: f"every push succeeded\n{store.log[-2_000:]}")
    calls = [line for line in read_record(network) if line["what"] == "called"]
    # A push that came again before the end of the first was recorded is carried out twice: it sets, it does not toggle.
    assert {call["command"] for call in calls} == set(map(push_id_of_command, commands))
    told: dict[str, dict[str, Any]] = {}
    for call in calls:
        told.setdefault(call["chat"], {}).update(call["flags"])
    stored = {one["jid"]: one async for one in pipeline.database["chats"].find({"session": CAST.session})}
    assert told == {jid: {name: stored[jid][name] for name in flags} for jid, flags in told.items()}
    assert len(told) == len(chats)


async def chats_of_working_session(pipeline: Pipeline) -> list[str]:
    database = pipeline.database

    async def ready() -> bool:
        working = {"_id": CAST.session, "status": "working", "operations": "chat.update"}
        found = await database["chats"].count_documents({"session": CAST.session, "visible": True})
        return bool(await database["sessions"].count_documents(working)) and found >= 3

    await eventually(ready, "the session working, three chats stored")
    return [one["jid"] async for one in database["chats"].find({"session": CAST.session, "visible": True}).sort("_id").limit(3)]


async def change_flags(pipeline: Pipeline, chats: list[str], chance: random.Random) -> list[CommandId]:
    """Often the same flag of the same chat, to and fro."""
    commands = []
    async for _ in paced(range(CHANGES), a_second=A_SECOND):
        now = now_ms()
        flag = {chance.choice(["archived", "pinned"]): chance.random() < 0.5}
        body = {
            "schema": "v1",
            "id": new_command_id(),
            "command": "chat.update",
            "session": CAST.session,
            "organization": DEFAULT_ORGANIZATION,
            "actor": {"kind": "program", "id": "test"},
            "issuedAt": now,
            "deadline": now + 120_000,
            "payload": {"chatJid": chance.choice(chats), **flag},
        }
        command = STORE_COMMAND_ADAPTER.validate_json(orjson.dumps(body))
        await pipeline.publish_raw(encode_command(command), key_of_command(command), COMMANDS_STORE)
        commands.append(command.id)
    return commands


async def kill_amid_pushes(pipeline: Pipeline, store: Process, chance: random.Random) -> None:
    """As soon as some more pushes are recorded; then it starts anew."""
    operations = pipeline.database["operations"]
    before, more = await operations.count_documents({"pushOf": {"$exists": True}}), chance.randint(3, 10)

    async def pushing() -> bool:
        return await operations.count_documents({"pushOf": {"$exists": True}}) >= before + more

    await eventually(pushing, lambda: f"{more} pushes more\n{store.log[-2_000:]}", every=0.002)
    await asyncio.to_thread(store.end, signal.SIGKILL)
    store.start()
