"""MongoDB is restored as docs/operations.md says: the bookkeeping from its backup, all documents from the log.

What copies collections here is the driver; `mongodump` and `mongorestore` were not at hand.
"""

import asyncio
import signal
from pathlib import Path
from typing import Final

import httpx
import pytest
from tests.events import ALICE, message, working_session
from tests.faults.thorough import thorough
from tests.plugins.pipeline import Pipeline, migrated
from tests.processes import eventually
from tests.properties.stored_view import all_documents, view_of

from waypost_common.documents import Collection

pytestmark = [pytest.mark.slow, pytest.mark.timeout(480)]

BACKED_UP: Final = ("api_keys", "devices", "addresses", "operations", "dead_letters_settled")
"""As the runbook names them."""
CHAT: Final = f"/api/v1/sessions/S1/chats/{ALICE}"
KEY: Final = {"idempotency-key": "once"}


@thorough
async def test_bookkeeping_from_a_backup_and_the_log_make_the_system_again(pipeline: Pipeline, tmp_path: Path) -> None:
    await pipeline.start("waypost-ingest")
    await start_the_rest(pipeline)
    key = await pipeline.api_key("org_1")
    await pipeline.publish([working_session(), message("ONE"), message("TWO")])
    await pipeline.until_applied()
    async with pipeline.client(pipeline.processes[-1], key) as client:
        operation = await changed(client, archived=True)
    chosen = {"_id": "S1|1@lid", "session": "S1", "organization": "org_1", "jid": "1@lid", "chosen": ALICE}
    await pipeline.database[Collection.ADDRESSES].insert_one(chosen)
    backup = {name: [one async for one in pipeline.database[name].find({})] for name in BACKED_UP}
    await pipeline.publish([message("THREE")])
    await pipeline.until_applied()
    before = view_of(await all_documents(pipeline.database))
    for process in pipeline.processes:
        await asyncio.to_thread(process.end, signal.SIGTERM)

    mongo = pipeline.settings.mongo.model_copy(update={"database": f"{pipeline.settings.mongo.database}_restored"})
    folder = tmp_path / "restored"
    folder.mkdir()
    async with migrated(pipeline.settings.model_copy(update={"mongo": mongo}), folder) as restored:
        try:
            for name, documents in backup.items():
                if documents:
                    await restored.database[name].insert_many(documents)
            await restored.start("waypost-ingest")
            await restored.until_applied()
            await restored.database["migrations"].delete_one({"_id": 5})
            await run(restored, "migrate")
            await start_the_rest(restored)
            assert view_of(await all_documents(restored.database)) == before
            assert await restored.database[Collection.ADDRESSES].find_one({"_id": chosen["_id"]}) == chosen
            async with restored.client(restored.processes[-1], key) as client:
                told = (await client.get(f"/api/v1/operations/{operation}")).json()
                assert told["status"] == "succeeded"
                ends = await restored.ends()
                assert await changed(client, archived=True) == operation, "it is not done again"
                assert await restored.ends() == ends
                assert await changed(client, headers={}, pinned=True) != operation
            await run(restored, "verify")
        finally:
            await restored.database.client.drop_database(restored.database.name)


async def start_the_rest(pipeline: Pipeline) -> None:
    """The API last."""
    await pipeline.start("waypost-store")
    await pipeline.start_api()


async def changed(client: httpx.AsyncClient, headers: dict[str, str] = KEY, **change: bool) -> str:
    """The operation, once the change is done."""
    answer = await client.patch(CHAT, json=change, headers=headers | {"prefer": "respond-async"})
    assert answer.status_code == 202, answer.text
    operation = str(answer.json()["id"])

    async def done() -> bool:
        return bool((await client.get(f"/api/v1/operations/{operation}")).json()["status"] == "succeeded")

    await eventually(done, f"{operation} succeeded")
    return operation


async def run(pipeline: Pipeline, command: str) -> None:
    program = pipeline.process("waypost", command)
    program.start()
    assert await asyncio.to_thread(program.wait) == 0, program.log
