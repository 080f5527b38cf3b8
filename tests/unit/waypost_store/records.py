"""Records as aiokafka hands them over."""

import json
from typing import Any

from waypost_common.consumption import Record

COMMAND_ID = "cmd_01J9ZX8K2QHV0M3T6R7P4N5W8C"
JID = "6281234567890@s.whatsapp.net"


def command_json(**changes: Any) -> dict[str, Any]:
    return {
        "schema": "v1",
        "id": COMMAND_ID,
        "command": "chat.read",
        "session": "S1",
        "organization": "org_1",
        "actor": {"kind": "user", "id": "u"},
        "issuedAt": 1_719_662_400_000,
        "deadline": 1_719_662_410_000,
        "payload": {"chatJid": JID},
    } | changes


def record(value: bytes | dict[str, Any] | None, *, key: bytes | None = f"S1|{JID}".encode(), headers: Any = ()) -> Record:
    data = json.dumps(value).encode() if isinstance(value, dict) else value
    return Record(
        topic="wa.commands.store",
        partition=3,
        offset=7,
        timestamp=1_719_662_400_000,
        timestamp_type=0,
        key=key,
        value=data,
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=headers,
    )
