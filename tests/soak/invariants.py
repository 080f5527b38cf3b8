"""What must hold at every moment of a soak, whatever is broken then. Each reader takes in what is new since its last look."""

import asyncio
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Final

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from pymongo.read_concern import ReadConcern
from tests.faults.connectors_log import EventLog
from tests.faults.connectors_record import NetworkRecord
from tests.faults.history import Verdict
from tests.faults.whole_system import NOT_REPEATABLE
from tests.properties.reference import ReferenceModel
from tests.properties.reference.records import Record

from waypost_common.documents import Collection, collection_name
from waypost_common.mongo import MongoDatabase
from waypost_common.settings import KafkaSettings
from waypost_common.topics import topic_name
from waypost_store.generations import live_generation

CUT: Final[Verdict] = ("unknown", "gateway_unavailable")
"""Said of a call that may have been made; what the log says of it counts."""
AT_ONCE: Final = 1_000


class Invariant(ABC):
    """Looked at every second, and when the documents are compared."""

    def __init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()

    async def look(self) -> None:
        """Fails where it does not hold. Raises KafkaError or PyMongoError while its server is away: then the next look tells."""
        async with self._one_at_a_time:
            await self._look()

    @abstractmethod
    async def _look(self) -> None: ...


class Topic:
    """A topic, read while it grows; its consumer is entered and left by the caller."""

    def __init__(self, settings: KafkaSettings, topic: str) -> None:
        name = topic_name(settings, topic)
        self._partitions = [TopicPartition(name, number) for number in range(settings.partitions)]
        self.consumer = AIOKafkaConsumer(
            bootstrap_servers=settings.bootstrap_servers, enable_auto_commit=False, auto_offset_reset="earliest"
        )

    async def begin(self) -> None:
        self.consumer.assign(self._partitions)
        await self.consumer.seek_to_beginning(*self._partitions)

    async def new(self) -> list[Any]:
        """What was published since the last reading, up to now. Raises KafkaError: then the next reading has it."""
        ends = await self.consumer.end_offsets(self._partitions)
        found: list[Any] = []
        while any([await self.consumer.position(partition) < end for partition, end in ends.items()]):
            found += [one for some in (await self.consumer.getmany(timeout_ms=200)).values() for one in some]
        return found


class Outcomes(Invariant):
    """No command ever has two outcomes that contradict."""

    def __init__(self, topic: Topic) -> None:
        super().__init__()
        self._topic = topic
        self.told: dict[str, set[Verdict]] = defaultdict(set)

    async def _look(self) -> None:
        for record in await self._topic.new():
            outcome = orjson.loads(record.value)
            command = outcome["command"]
            self.told[command].add((outcome["status"], outcome["code"]))
            verdicts = self.told[command] - {CUT}
            assert len(verdicts) <= 1, f"outcomes of {command} that contradict: {sorted(map(str, verdicts))}"


class Log(Invariant):
    """No fence falls; and what the reference model makes of the log, taken in record by record."""

    def __init__(self, log: EventLog) -> None:
        super().__init__()
        self._log = log
        self.model = ReferenceModel()
        self.verdicts: dict[str, Verdict] = {}
        self.poison: set[tuple[int, int]] = set()
        self.ids: set[str] = set()
        self.count = 0

    async def _look(self) -> None:
        async for record in self._log.records():
            self._take(record)
        assert self._log.fallen == [], f"a fence fell: {self._log.fallen[:3]}"

    def _take(self, record: Any) -> None:
        self.count += 1
        try:
            value = orjson.loads(record.value)
        except orjson.JSONDecodeError:
            value = {"event": "poison"}
        if value["event"] == "poison":
            self.poison.add((record.partition, record.offset))
            return
        self.ids.add(value["id"])
        headers = {name: text.decode() for name, text in record.headers} | {"event": value["event"]}
        outcome = self.model.apply(Record(record.partition, record.offset, record.key.decode(), value, headers))
        if outcome is not None:
            self.verdicts[outcome["command"]] = (outcome["status"], outcome["code"])


class Positions(Invariant):
    """Neither a partition's position nor a chat's ever goes back, in what a majority has."""

    def __init__(self, database: MongoDatabase) -> None:
        super().__init__()
        self._database = database.with_options(read_concern=ReadConcern("majority"))
        self._partitions: dict[tuple[int, int], int] = {}
        self._chats: dict[tuple[int, str], int] = {}
        self.applied = 0
        """Events, in the live generation, when last seen."""

    async def _look(self) -> None:
        live = await live_generation(self._database) or 1
        applied = 0
        async for one in self._database[Collection.POSITIONS].find({}):
            generation, partition, offset = one["generation"], one["partition"], one["offset"]
            rises(self._partitions, (generation, partition), offset)
            applied += offset + 1 if generation == live else 0
        self.applied = applied
        chats = self._database[collection_name(Collection.CHATS, live)]
        async for one in chats.find({}, {"offset": True}, batch_size=AT_ONCE):
            rises(self._chats, (live, one["_id"]), one["offset"])


def rises(known: dict[Any, int], key: Any, now: int) -> None:
    before = known.get(key, now)
    assert before <= now, f"the position of {key} went back from {before} to {now}"
    known[key] = now


class Network(Invariant):
    """Nothing that may be done once only was done twice, by the network's own record."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.record = NetworkRecord(folder)
        self.made: Counter[str] = Counter()
        self._seen = 0

    async def _look(self) -> None:
        lines = self.record.read().lines
        for line in lines[self._seen :]:
            if line["what"] == "called" and line["outcome"] == "done" and line["operation"] in NOT_REPEATABLE:
                self.made[line["command"]] += 1
                assert self.made[line["command"]] == 1, f"done twice: {line}"
        self._seen = len(lines)
