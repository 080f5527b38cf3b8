"""Dead letters as the services put them into their queues."""

import json
from typing import Any

from tests.unit.waypost_common.samples import ALICE, NOW

from waypost_common.consumption import Record
from waypost_common.report.letters import Letter, Queue, letter_of
from waypost_common.settings import KafkaSettings

SETTINGS = KafkaSettings()
KEY = f"S1|{ALICE}"


def dead_record(
    value: dict[str, Any] | bytes = b"{}",
    *,
    key: str | None = KEY,
    partition: int = 3,
    offset: int = 17,
    origin: tuple[str, int, int] | None = ("wa.events", 3, 812),
    own: tuple[tuple[str, bytes], ...] = (),
    **headers: str,
) -> Record:
    """`headers`: further ones that say why, named without `dlq-`."""
    said = {"reason": "schema_violation", "detail": "payload: Field required"} | headers
    if origin is not None:
        said |= {"origin-topic": origin[0], "origin-partition": str(origin[1]), "origin-offset": str(origin[2])}
    return Record(
        topic="wa.events.dlq",
        partition=partition,
        offset=offset,
        timestamp=NOW,
        timestamp_type=0,
        key=None if key is None else key.encode(),
        value=json.dumps(value).encode() if isinstance(value, dict) else value,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=(*own, *((f"dlq-{name.replace('_', '-')}", text.encode()) for name, text in said.items())),
    )


def dead_letter(queue: Queue = Queue.EVENTS, **changes: Any) -> Letter:
    return letter_of(queue, dead_record(**changes))
