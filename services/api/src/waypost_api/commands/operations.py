"""The record of a command: what was asked, and what became of it."""

import hashlib
from typing import Any, Final, cast

import orjson

from waypost_common.commands import STORE_COMMAND_ADAPTER, CommandEnvelope, encode_command
from waypost_common.documents import Collection, OperationDocument, Outbox
from waypost_common.identifiers import CommandId, EpochMs, OrganizationId
from waypost_common.live_commands import LIVE_COMMAND_ADAPTER
from waypost_common.mongo import MongoDatabase
from waypost_common.operations import new_operation
from waypost_common.outcomes import UNFINISHED, Outcome, OutcomeStatus

KEEP_DAYS: Final = 7

_IDENTITY: Final = ("organization", "session", "command", "createdAt", "deadline", "requestHash")


def operation_of(
    command: CommandEnvelope, *, request_hash: str, idempotency_key: str | None, backend: str | None = None
) -> OperationDocument:
    operation = new_operation(command, now=command.issued_at, keep_days=KEEP_DAYS)
    operation["requestHash"] = request_hash
    if idempotency_key is not None:
        operation["idempotencyKey"] = idempotency_key
        operation["outbox"] = Outbox(command=encode_command(command), backend=backend)
    return operation


def outcome_of(operation: OperationDocument) -> Outcome | None:
    """The outcome that the record holds, or None while there is none."""
    if operation["status"] in UNFINISHED:
        return None
    return Outcome(
        command=CommandId(operation["_id"]),
        status=OutcomeStatus(operation["status"]),
        at=operation["finishedAt"] or EpochMs(operation["createdAt"]),
        code=operation["code"],
        message=operation["message"],
        result=operation["result"],
        generation=operation.get("generation"),
        partition=operation.get("partition"),
        offset=operation.get("offset"),
    )


def command_in(outbox: Outbox) -> CommandEnvelope:
    adapter = STORE_COMMAND_ADAPTER if outbox["backend"] is None else LIVE_COMMAND_ADAPTER
    return adapter.validate_json(outbox["command"])


class Operations:
    def __init__(self, database: MongoDatabase) -> None:
        self._collection = database[Collection.OPERATIONS]

    async def insert(self, operation: OperationDocument) -> None:
        """Raises DuplicateKeyError when the command, or its organization's idempotency key, is already recorded."""
        await self._collection.insert_one(cast("dict[str, Any]", operation))

    async def complete(self, operation: OperationDocument) -> None:
        """Tells whose operation it is, where an outcome that came first left a record that says no more than itself."""
        unknown = {"_id": operation["_id"], "organization": {"$exists": False}}
        told = {name: cast("dict[str, Any]", operation)[name] for name in _IDENTITY}
        await self._collection.update_one(unknown, {"$set": {**told, "push": None}})

    async def find(self, organization: OrganizationId, command: str) -> OperationDocument | None:
        found: Any = await self._collection.find_one({"_id": command, "organization": organization})
        return cast("OperationDocument | None", found)

    async def find_by_key(self, organization: OrganizationId, idempotency_key: str) -> OperationDocument | None:
        found: Any = await self._collection.find_one({"organization": organization, "idempotencyKey": idempotency_key})
        return cast("OperationDocument | None", found)


def hash_of_request(*parts: object) -> str:
    """Equal for requests that ask for the same thing."""
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()
