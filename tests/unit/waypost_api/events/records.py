"""Records of `wa.events`, as an event each."""

from typing import Any

from aiokafka.structs import ConsumerRecord
from tests.events import event, message

from waypost_api.events.owners import Owners
from waypost_common.consumption import Record
from waypost_common.events import Event, encode_event, key_of

ORGANIZATION = "org_1"


async def _no_documents(_sessions: list[str]) -> dict[str, str]:
    return {}


def unknown_owners() -> Owners:
    """As while no session has a document yet."""
    return Owners(_no_documents)


def record_of(one: Event, *, partition: int = 0, offset: int = 0) -> Record:
    return raw_record(encode_event(one), key_of(one), partition=partition, offset=offset)


def raw_record(value: bytes, key: str | None, *, partition: int = 0, offset: int = 0) -> Record:
    return ConsumerRecord(
        topic="wa.events", partition=partition, offset=offset, timestamp=0, timestamp_type=0,
        key=None if key is None else key.encode(), value=value, checksum=None, serialized_key_size=-1,
        serialized_value_size=-1, headers=(),
    )  # fmt: skip


def message_record(own_id: str, *, partition: int, offset: int, organization: str = ORGANIZATION) -> Record:
    return record_of(message(own_id, envelope={"organization": organization}), partition=partition, offset=offset)


def status_record(**payload: Any) -> Record:
    return record_of(event("session.status", {"status": "working", **payload}))
