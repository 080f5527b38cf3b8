"""wa.events, read while it grows: which connector published what under which fence."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, TopicPartition

from waypost_common.kafka import header_text
from waypost_common.settings import KafkaSettings
from waypost_common.topics import EVENTS, topic_name

Ends = dict[int, int]
"""By partition: the offset that the next record will have."""


@dataclass(frozen=True, slots=True)
class Published:
    partition: int
    offset: int
    session: str
    gateway: str | None
    fence: int | None

    def is_after(self, ends: Ends) -> bool:
        return self.offset >= ends[self.partition]


class EventLog:
    """Keeps who published every record, and none of their values. `settings` name the number of partitions."""

    def __init__(self, settings: KafkaSettings) -> None:
        self.published: list[Published] = []
        self.unfenced: list[Published] = []
        """Records that do not say who published them under which fence."""
        self.fallen: list[tuple[Published, Published]] = []
        """Records whose fence is lower than that of an earlier one of their session in their partition, each after that one."""
        self._highest: dict[tuple[int, str], Published] = {}
        topic = topic_name(settings, EVENTS)
        self._partitions = [TopicPartition(topic, number) for number in range(settings.partitions)]
        self._consumer = AIOKafkaConsumer(bootstrap_servers=settings.bootstrap_servers, enable_auto_commit=False)

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        self._consumer.assign(self._partitions)
        await self._consumer.seek_to_beginning(*self._partitions)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._consumer.stop()

    async def ends(self) -> Ends:
        found = await self._consumer.end_offsets(self._partitions)
        return {partition.partition: end for partition, end in found.items()}

    async def read(self) -> Self:
        """Takes in what was published since."""
        async for _ in self.records():
            pass
        return self

    async def records(self) -> AsyncIterator[Any]:
        """What was published since the last reading, up to now, in log order of each partition."""
        ends = await self._consumer.end_offsets(self._partitions)
        while any([await self._consumer.position(partition) < end for partition, end in ends.items()]):
            for records in (await self._consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    self._note(record)
                    yield record

    def _note(self, record: Any) -> None:
        fence, gateway = header_text(record.headers, "fence"), header_text(record.headers, "gateway")
        session = record.key.decode().partition("|")[0]
        number = None if fence is None else int(fence)
        one = Published(record.partition, record.offset, session, gateway, number)
        self.published.append(one)
        if number is None or gateway is None:
            self.unfenced.append(one)
            return
        before = self._highest.get((one.partition, session))
        if before is None or (before.fence or 0) <= number:
            self._highest[one.partition, session] = one
        else:
            self.fallen.append((before, one))
