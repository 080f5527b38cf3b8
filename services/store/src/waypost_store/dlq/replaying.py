"""Publishes dead letters again, in log order, and notes each as settled once Kafka has it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from waypost_common.clock import now_ms
from waypost_common.consumption import Record
from waypost_common.kafka import Headers
from waypost_common.mongo import MongoDatabase
from waypost_common.publishing import Message
from waypost_common.report.letters import Letter, in_log_order
from waypost_common.report.queue_reader import QueueReader
from waypost_common.settings import KafkaSettings
from waypost_store.dlq.known import look_up
from waypost_store.dlq.refusals import Found, Refusal, read_letter, refusal_of
from waypost_store.dlq.settled import Settling
from waypost_store.publishing import publish_or_end

AT_ONCE: Final = 200
BYTES_AT_ONCE: Final = 32 * 1024 * 1024
REPLAY_OF: Final = "replay-of"
_NOT_TAKEN_ALONG: Final = frozenset({"gateway", "fence", REPLAY_OF})
"""A connector says by the first two that it published the record now: in no partition a session's fence may fall."""


Sending = tuple[AIOKafkaProducer, Settling]


@dataclass(frozen=True)
class RefusedLetter:
    letter: Letter
    refusal: Refusal

    def to_json(self) -> dict[str, Any]:
        return self.letter.to_json() | {"refused": self.refusal.reason, "forcible": self.refusal.forcible}


@dataclass(kw_only=True)
class Replayed:
    """What became of the letters so far."""

    found: int
    done: int = 0
    replayed: int = 0
    gone: int = 0
    """Deleted by Kafka meanwhile."""
    refused: list[RefusedLetter] = field(default_factory=list)


class Replaying:
    """May be interrupted at any point: what Kafka has and was not yet noted is replayed twice then, which changes nothing."""

    def __init__(
        self,
        settings: KafkaSettings,
        database: MongoDatabase,
        generation: int,
        reader: QueueReader,
        *,
        max_event_bytes: int,
        force: bool,
    ) -> None:
        self._settings = settings
        self._database = database
        self._generation = generation
        self._reader = reader
        self._max_event_bytes = max_event_bytes
        self._force = force

    async def run(self, letters: Sequence[Letter], report: Callable[[Replayed], None], sending: Sending | None) -> Replayed:
        """Without `sending` it only says what would be done. Raises StoreError when Kafka does not take a record.

        Calls `report` before the first part and after each.
        """
        result = Replayed(found=len(letters))
        report(result)
        for part in parts(sorted(letters, key=in_log_order)):
            records = await self._reader.values(part)
            allowed = await self._allowed(part, records, result)
            if sending is not None:
                producer, settling = sending
                await publish_or_end(producer, [message_of(letter, records[letter.place]) for letter in allowed])
                await settling.note(allowed, "replayed", now_ms())
            result.replayed += len(allowed)
            result.done += len(part)
            report(result)
        return result

    async def _allowed(self, part: Sequence[Letter], records: dict[tuple[int, int], Record], result: Replayed) -> list[Letter]:
        read: list[tuple[Letter, Found]] = []
        refused: list[RefusedLetter] = []
        for letter in part:
            record = records.get(letter.place)
            if record is None:
                result.gone += 1
                continue
            found = read_letter(letter, record, self._settings, max_event_bytes=self._max_event_bytes)
            if isinstance(found, Refusal):
                refused.append(RefusedLetter(letter, found))
            else:
                read.append((letter, found))
        known = await look_up(self._database, self._generation, (found for _, found in read))
        allowed = []
        now = now_ms()
        for letter, found in read:
            refusal = refusal_of(letter, found, known, now=now)
            if refusal is None or (self._force and refusal.forcible):
                allowed.append(letter)
            else:
                refused.append(RefusedLetter(letter, refusal))
        result.refused += sorted(refused, key=lambda one: in_log_order(one.letter))
        return allowed


def parts(letters: Sequence[Letter]) -> Iterator[list[Letter]]:
    """A few at a time, so that their values fit into memory. Pure."""
    part: list[Letter] = []
    size = 0
    for letter in letters:
        if part and (len(part) == AT_ONCE or size + letter.size > BYTES_AT_ONCE):
            yield part
            part, size = [], 0
        part.append(letter)
        size += letter.size
    if part:
        yield part


def message_of(letter: Letter, record: Record) -> Message:
    """The record as it was before it was set aside, and which dead letter it is. Pure. Raises ValueError without an origin."""
    if letter.origin is None:
        raise ValueError("a letter without an origin cannot be replayed")
    came: Headers = record.headers
    headers = [(name, value) for name, value in came if name not in _NOT_TAKEN_ALONG and not name.startswith("dlq-")]
    headers.append((REPLAY_OF, f"{letter.queue.value}|{letter.partition}|{letter.offset}".encode()))
    return Message(topic=letter.origin.topic, key=record.key, value=record.value, headers=headers)
