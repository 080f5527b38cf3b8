"""Which records of a topic hold one of a person's addresses. Pure."""

import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

from waypost_common.consumption import Record
from waypost_common.identifiers import Jid
from waypost_common.jids import domain, user_part

ERASURE: Final = b'"change":"erased"'
"""In an event of this command: it has to name the person, and tells nothing else of them."""


@dataclass(kw_only=True)
class Trace:
    """Of one partition. Only some of the records from `first` to `last` are the person's."""

    topic: str
    partition: int
    first: int
    last: int
    records: int = 1

    def to_json(self) -> dict[str, Any]:
        return {
            "topic": self.topic,
            "partition": self.partition,
            "firstOffset": self.first,
            "lastOffset": self.last,
            "records": self.records,
        }


class Traces:
    """`sessions`: whose records count; None for everybody's."""

    def __init__(self, addresses: Iterable[Jid], sessions: Set[str] | None) -> None:
        # As they stand in JSON: whole, with or without a device part.
        parts = (rf"{re.escape(user_part(jid))}(?::\d{{1,5}})?@{re.escape(domain(jid))}" for jid in sorted(addresses))
        self._pattern = re.compile(rf"(?<![A-Za-z0-9._+:-])(?:{'|'.join(parts)})(?![a-z.])".encode())
        self._sessions = sessions
        self._found: dict[tuple[str, int], Trace] = {}

    def look(self, record: Record) -> None:
        key = record.key or b""
        session = key.partition(b"|")[0].decode("utf-8", "replace")
        value = record.value or b""
        if ERASURE in value:
            return
        # A dead letter may have come without a key.
        if self._sessions is not None and session and session not in self._sessions:
            return
        if not (self._pattern.search(key) or self._pattern.search(value)):
            return
        place = (record.topic, record.partition)
        trace = self._found.get(place)
        if trace is None:
            self._found[place] = Trace(topic=place[0], partition=place[1], first=record.offset, last=record.offset)
        else:
            trace.last = record.offset
            trace.records += 1

    @property
    def found(self) -> list[Trace]:
        return [trace for _, trace in sorted(self._found.items())]


def records_to_delete(traces: Sequence[Trace]) -> dict[str, Any]:
    """What Kafka's own `kafka-delete-records.sh --offset-json-file` takes: up to and with the last record of each partition."""
    partitions = [{"topic": one.topic, "partition": one.partition, "offset": one.last + 1} for one in traces]
    return {"partitions": partitions, "version": 1}
