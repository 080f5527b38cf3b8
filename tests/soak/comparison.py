"""Once a minute, with the load held: everything is applied, and documents and outcomes are those of the reference model."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson
from tests.faults.fencing import breaches
from tests.faults.history import logs
from tests.faults.mixed_load import Told
from tests.faults.whole_system import assert_every_operation_ended
from tests.plugins.pipeline import Pipeline
from tests.processes import eventually
from tests.properties.stored_view import all_documents, view_of
from tests.soak.invariants import CUT, Log, Network, Outcomes, Topic

from waypost_common.kafka import header_text
from waypost_store.generations import live_generation

SHOWN: Final = 10
Json = dict[str, Any]


class Comparison:
    """`commands`: topics of commands. `dead`: of dead letters of events, and of commands."""

    def __init__(
        self,
        pipeline: Pipeline,
        log: Log,
        outcomes: Outcomes,
        network: Network,
        told: Told,
        commands: list[Topic],
        dead: list[Topic],
    ) -> None:
        self._pipeline = pipeline
        self._log = log
        self._outcomes = outcomes
        self._network = network
        self._told = told
        self._commands = commands
        self._dead_events, self._dead_commands = dead
        self._asked: set[str] = set()
        self._set_aside: set[tuple[int, int]] = set()

    async def make(self, folder: Path) -> None:
        """`folder` is for what is found to differ."""
        await assert_every_operation_ended(self._pipeline)
        await self._documents(folder)
        await self._ends_of_commands()
        await self._dead_letters()
        await self._whatsapp()

    async def _documents(self, folder: Path) -> None:
        """As of a moment when nothing was on its way: receipts of the last messages may still come."""
        while True:
            ends = await self._pipeline.ends()
            await self._pipeline.until_applied()
            await self._log.look()
            live = await live_generation(self._pipeline.database) or 1
            found = view_of(await all_documents(self._pipeline.database, live))
            if await self._pipeline.ends() == ends and await live_generation(self._pipeline.database) == live:
                break
        expected = self._log.model.view()
        if found == expected:
            return
        different = list(differences(found, expected))
        (folder / "differences.json").write_bytes(orjson.dumps(different, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS))
        keys = {one["key"] for one in different}
        records = [
            [record.partition, record.offset, record.timestamp, record.key.decode(), orjson.loads(record.value)]
            for record in await self._pipeline.read_all()
            if record.key.decode() in keys and record.value != b"poison"
        ]
        (folder / "events.json").write_bytes(b"\n".join(map(orjson.dumps, records)))
        shown = "\n".join(str(one)[:1_000] for one in different[:SHOWN])
        raise AssertionError(f"{len(different)} documents of generation {live} differ (all are in {folder}):\n{shown}")

    async def _ends_of_commands(self) -> None:
        for topic in self._commands:
            self._asked |= {orjson.loads(record.value)["id"] for record in await topic.new()}

        async def all_told() -> bool:
            await self._outcomes.look()
            return self._outcomes.told.keys() >= self._asked | self._log.verdicts.keys()

        await eventually(all_told, lambda: f"an outcome of each command\n{logs(self._pipeline)}")
        told = self._outcomes.told
        wrong = {command: told[command] for command, verdict in self._log.verdicts.items() if told[command] - {CUT} != {verdict}}
        assert wrong == {}, "outcomes that are not the log's"

    async def _dead_letters(self) -> None:
        for record in await self._dead_events.new():
            partition, offset = (header_text(record.headers, f"dlq-origin-{part}") or "-1" for part in ("partition", "offset"))
            self._set_aside.add((int(partition), int(offset)))
        assert self._set_aside == self._log.poison
        assert await self._dead_commands.new() == []

    async def _whatsapp(self) -> None:
        await self._network.look()
        assert self._told.sent <= self._network.made.keys(), "a message that was answered with success was never sent"
        assert self._network.record.acknowledged.keys() <= self._log.ids, "an event that was acknowledged is not on the topic"
        assert breaches(self._network.record.lines) == []


def differences(found: Json, expected: Json) -> Iterator[Json]:
    """Of two views: which documents, and of those the fields."""
    for kind, documents in expected.items():
        for key in sorted(documents.keys() | found[kind].keys()):
            stored, modelled = found[kind].get(key), documents.get(key)
            if stored == modelled:
                continue
            if stored is None or modelled is None:
                yield {"kind": kind, "key": key, "missing in": "MongoDB" if stored is None else "the model"}
                continue
            fields = [name for name in modelled if stored.get(name) != modelled[name]]
            yield {"kind": kind, "key": key} | {name: _apart(stored.get(name), modelled[name]) for name in fields}


def _apart(stored: Any, modelled: Any) -> Json:
    """Of lists, such as a chat's messages, only what the other has not."""
    if isinstance(stored, list) and isinstance(modelled, list):
        only = [one for one in stored if one not in modelled], [one for one in modelled if one not in stored]
        return {"stored": only[0], "modelled": only[1], "order differs": only == ([], [])}
    return {"stored": stored, "modelled": modelled}
