"""Every service, two of each as a rule, and the simulated network."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
from tests.faults.history import Verdict, ends_of_operations, logs, modelled, outcomes
from tests.faults.mixed_load import Told
from tests.plugins.pipeline import Pipeline
from tests.processes import Process, eventually
from tests.properties.stored_view import stored_view

from waypost_common.identifiers import Jid, SessionId
from waypost_common.topics import COMMANDS_DLQ, COMMANDS_STORE, EVENTS_DLQ, live_commands
from waypost_connector.simulated.record import read_record
from waypost_connector.simulated.world import DEFAULT_ORGANIZATION
from waypost_local.ports import free_port

SESSIONS, CHATS, HISTORY = 4, 12, 400
NOT_REPEATABLE = {"message.send", "channel.create"}
CUT: Verdict = ("unknown", "gateway_unavailable")
"""Yields once to the true outcome (rule R6)."""


@dataclass
class System:
    pipeline: Pipeline
    pairs: dict[str, list[Process]]
    """By the service's program."""
    folder: Path
    """Of the network."""

    async def chats(self) -> dict[SessionId, list[Jid]]:
        """Those that one can write to, of each session."""
        found: dict[SessionId, list[Jid]] = defaultdict(list)
        query = {"visible": True, "type": {"$in": ["dm", "group"]}}
        async for chat in self.pipeline.database["chats"].find(query).sort("_id"):
            found[chat["session"]].append(chat["jid"])
        assert len(found) == SESSIONS
        return found

    @asynccontextmanager
    async def replicas(self) -> AsyncIterator[list[httpx.AsyncClient]]:
        """A client of each replica of the API, with one key."""
        key = await self.pipeline.api_key(DEFAULT_ORGANIZATION)
        async with AsyncExitStack() as stack:
            yield [await stack.enter_async_context(self.pipeline.client(one, key)) for one in self.pairs["waypost-api"]]

    def calls(self) -> list[dict[str, Any]]:
        """What WhatsApp was asked and did, by the network's own record."""
        lines = read_record(self.folder)
        return [line for line in lines if line["what"] == "called" and line["outcome"] == "done"]


async def start_whole_system(pipeline: Pipeline, folder: Path, *world: str, **environment: str) -> System:
    """Two of each service; see `start_system`."""
    return await start_system(pipeline, folder, 2, *world, **environment)


async def start_system(pipeline: Pipeline, folder: Path, of_each: int, *world: str, **environment: str) -> System:
    """All sessions working and all their chats known; nothing more arrives but what calls bring about.

    `world`: more options of the network. `environment`: of every service.
    """
    network = {"WAYPOST_NETWORK_PORT": str(free_port()), "WAYPOST_NETWORK_SECRET": "of network and connectors"}
    size = ("--sessions", str(SESSIONS), "--chats", str(CHATS), "--history", "100", "--rate", "0", "--events", str(HISTORY))
    await pipeline.start("waypost-simulated-network", "--data", str(folder), *size, *world, **network)
    sending = {"WAYPOST_SENDING_PER_MINUTE": "100000", "WAYPOST_SENDING_PER_HOUR": "1000000"}
    pairs = {
        name: [pipeline.process(name, **environment) for _ in range(of_each)] for name in ("waypost-ingest", "waypost-store")
    }
    pairs["waypost-connector"] = [
        pipeline.process(
            "waypost-connector", "run", **network, **sending, **environment, WAYPOST_CONNECTOR_GATEWAY_ID=f"connector-{number}"
        )
        for number in range(1, of_each + 1)
    ]
    pairs["waypost-api"] = [
        pipeline.process("waypost-api", **environment, WAYPOST_HTTP_PORT=str(free_port())) for _ in range(of_each)
    ]
    for process in (every := [process for pair in pairs.values() for process in pair]):
        process.start()
    await asyncio.gather(*(process.until_ready() for process in every))

    async def arrived() -> bool:
        lines = read_record(folder)
        return sum(len(line["ids"]) for line in lines if line["what"] == "acknowledged") >= HISTORY

    await eventually(arrived, lambda: f"all that arrives has arrived\n{logs(pipeline)}")
    await pipeline.until_applied()
    return System(pipeline, pairs, folder)


async def assert_every_operation_ended(pipeline: Pipeline) -> None:
    """Waits for it."""

    async def ended() -> bool:
        return not await pipeline.database["operations"].count_documents({"status": {"$in": ["pending", "started"]}})

    await eventually(ended, lambda: f"every operation has an outcome\n{logs(pipeline)}")


def assert_nothing_was_done_twice(calls: list[dict[str, Any]], told: Told) -> None:
    made = Counter(call["command"] for call in calls if call["operation"] in NOT_REPEATABLE)
    assert made
    assert {command: count for command, count in made.items() if count > 1} == {}
    assert told.sent <= made.keys()


async def assert_as_the_log_says(pipeline: Pipeline) -> None:
    """The documents are the reference model's, and each command has one outcome, which its operation tells as well."""
    # Receipts of the last messages may still come: log and documents are compared as of a moment when nothing was on its way.
    while True:
        ends = await pipeline.ends()
        await pipeline.until_applied()
        records, found_view = await pipeline.read_all(), await stored_view(pipeline.database)
        if await pipeline.ends() == ends:
            break
    view, verdicts = modelled(records)
    assert found_view == view
    await assert_each_command_has_one_outcome(pipeline, verdicts)
    assert await pipeline.read_all(EVENTS_DLQ) == []
    assert await pipeline.read_all(COMMANDS_DLQ) == []


async def assert_each_command_has_one_outcome(pipeline: Pipeline, modelled_verdicts: Mapping[str, Verdict]) -> None:
    """Also those that became no event. Waits until each operation tells that outcome."""
    asked = [*await pipeline.read_all(COMMANDS_STORE), *await pipeline.read_all(live_commands("simulated"))]
    commands = {orjson.loads(record.value)["id"] for record in asked} | modelled_verdicts.keys()
    found: dict[str, Verdict] = {}
    ended: dict[str, Verdict] = {}

    async def operations_agree() -> bool:
        nonlocal found, ended
        # The store has an outcome a moment after the topic has it, and its sweeper publishes one a moment after it is recorded.
        ended, told = await ends_of_operations(pipeline), await outcomes(pipeline)
        verdicts = {command: of_one - {CUT} or {CUT} for command, of_one in told.items()}
        assert {command: of_one for command, of_one in verdicts.items() if len(of_one) > 1} == {}, "outcomes that contradict"
        found = {command: verdict for command, [verdict] in verdicts.items()}
        return found == ended and found.keys() >= commands

    def what() -> str:
        apart = dict(found.items() ^ ended.items()).keys() | commands - found.keys()
        return f"as outcomes and operations have it: { {one: (found.get(one), ended.get(one)) for one in apart} }"

    await eventually(operations_agree, what, every=0.5)
    assert {command: found[command] for command in modelled_verdicts} == modelled_verdicts
