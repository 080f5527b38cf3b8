"""Sends pushes, and notes in operations what became of them.

A push is sent when the outcome of its command comes by, not beside the command's event:
- a chat that ingest rejects is never pushed, because only the fold knows whether it is stored;
- the command's own way holds neither the push's record in Kafka nor a wait for it;
- a crash at any point repeats the same push: the outcome is committed only after Kafka has the push, what is wanted stands in
  the operation since the claim, and the push's id follows from the command's. Once the end of a push is recorded, the connector
  does not carry it out again; before, it does, which comes to the same.
The price is order: outcomes of one chat lie in several partitions, two stores may see them in any order, and a repeat comes after
younger pushes. So a push takes its values from the chat as it is stored now, which holds at least the change whose outcome came:
the last push is right, whichever it is.
"""

from collections.abc import Mapping, Sequence

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, PyMongoError

from waypost_common.claims import duplicates
from waypost_common.clock import now_ms
from waypost_common.commands import encode_command
from waypost_common.documents import Collection, chat_document_id, collection_name
from waypost_common.identifiers import CommandId, EpochMs, push_id_of_command
from waypost_common.live_commands import ChatPushCommand, key_of_live_command
from waypost_common.mongo import Document, retry_or_stop
from waypost_common.outcomes import UNFINISHED, OperationStatus, Outcome, PushStatus
from waypost_common.publishing import Message, publish
from waypost_common.topics import live_commands, topic_name
from waypost_common.trail import NO_TRAIL, Trail
from waypost_store.connections import Connections
from waypost_store.generations import LiveGeneration
from waypost_store.metrics import StoreMetrics
from waypost_store.push.records import new_push_operation, note_pushes
from waypost_store.push.wanted import push_command, push_status
from waypost_store.settings import StoreSettings


class Pusher:
    def __init__(
        self, settings: StoreSettings, connections: Connections, generation: LiveGeneration, metrics: StoreMetrics
    ) -> None:
        self._settings = settings
        self._connections = connections
        self._generation = generation
        self._metrics = metrics

    async def follow(self, outcomes: Sequence[Outcome], trails: Mapping[CommandId, Trail]) -> None:
        """What outcomes, which stand in their operations already, mean for pushes. Idempotent.

        `trails`: of each outcome; its push goes on with it.

        Raises RetryLaterError when MongoDB or Kafka is away, ConsumptionStoppedError when one refuses.
        """
        told = {outcome.command for outcome in outcomes}
        try:
            found = await self._concerned(told)
            ended = [one for one in found.values() if one["_id"] in told and "pushOf" in one and one["status"] not in UNFINISHED]
            await self._note(ended)
            due = [one for one in found.values() if one["_id"] in told and _is_due(one, found)]
            messages = await self._prepare(due, found, trails) if due else []
        except PyMongoError as error:
            raise retry_or_stop(error) from error
        await publish(self._connections.producer, messages)
        self._metrics.pushes.labels("sent").inc(len(messages))

    async def _concerned(self, told: set[CommandId]) -> dict[str, Document]:
        """The operations that wait for a push, and those of pushes."""
        ids = [*told, *map(push_id_of_command, told)]
        waiting = [{"push": PushStatus.PENDING.value}, {"pushOf": {"$exists": True}}]
        return {one["_id"]: one async for one in self._connections.operations.find({"_id": {"$in": ids}, "$or": waiting})}

    async def _note(self, ended: Sequence[Document]) -> None:
        results = {str(one["pushOf"]): push_status(OperationStatus(one["status"])) for one in ended}
        await note_pushes(self._connections.operations, results)
        for result in results.values():
            self._metrics.pushes.labels(result.value).inc()

    async def _prepare(
        self, due: Sequence[Document], found: dict[str, Document], trails: Mapping[CommandId, Trail]
    ) -> list[Message]:
        """Records the pushes that are to be sent: whoever carries one out finds it, and the sweeper, when nobody does."""
        block, now = self._settings.store, now_ms()
        chats = await self._visible_chats(due)
        made: list[UpdateOne] = []
        messages = []
        for operation in due:
            chat = chats.get(operation["_id"])
            if chat is None:
                # Deleted since: there is nothing left whose flags could be told.
                made.append(UpdateOne({"_id": operation["_id"]}, {"$set": {"push": None}}))
                continue
            before = found.get(push_id_of_command(CommandId(operation["_id"])))
            issued_at = now if before is None else EpochMs(before["createdAt"])
            deadline = EpochMs(now + block.push_deadline_ms) if before is None else EpochMs(before["deadline"])
            command = push_command(operation, chat, issued_at=issued_at, deadline=deadline, now=now)
            if before is None:
                made.append(new_push_operation(command, operation, now=now, keep_days=block.operation_retention_days))
            messages.append(self._message(operation["wantedPush"]["backend"], command, trails.get(operation["_id"], NO_TRAIL)))
        if made:
            try:
                await self._connections.operations.bulk_write(made, ordered=False)
            except BulkWriteError as error:
                duplicates(error)  # another store recorded it at the same moment
        return messages

    async def _visible_chats(self, operations: Sequence[Document]) -> dict[str, Document]:
        """By the operation's id. Majority-acknowledged when the outcome came, so read back here."""
        chats = self._connections.database[collection_name(Collection.CHATS, await self._generation.number())]
        ids = {one["_id"]: chat_document_id(one["session"], one["wantedPush"]["chatJid"]) for one in operations}
        query = {
            "_id": {"$in": sorted(set(ids.values()))},
            "organization": {"$in": sorted({one["organization"] for one in operations})},
            "visible": True,
        }
        fields = {"organization": True, "archived": True, "pinned": True, "mutedUntil": True}
        found = {chat["_id"]: chat async for chat in chats.find(query, fields)}
        return {
            one["_id"]: found[ids[one["_id"]]]
            for one in operations
            if ids[one["_id"]] in found and found[ids[one["_id"]]]["organization"] == one["organization"]
        }

    def _message(self, backend: str, command: ChatPushCommand, trail: Trail) -> Message:
        return Message(
            topic=topic_name(self._settings.kafka, live_commands(backend)),
            key=key_of_live_command(command).encode(),
            value=encode_command(command),
            headers=[("command", command.command.encode()), ("schema", command.schema_version.encode()), *trail.headers()],
        )


def _is_due(operation: Document, found: dict[str, Document]) -> bool:
    """Its change is stored, and nobody has begun to tell WhatsApp."""
    if operation["status"] != OperationStatus.SUCCEEDED or operation.get("push") != PushStatus.PENDING:
        return False
    push = found.get(push_id_of_command(CommandId(operation["_id"])))
    return "wantedPush" in operation and (push is None or push["status"] == OperationStatus.PENDING)
