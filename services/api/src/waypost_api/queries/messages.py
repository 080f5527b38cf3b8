"""Messages of a chat's current epoch that have not been trimmed. Placeholders lack `effectiveAt` and so never match."""

from typing import Any, cast

from waypost_api.queries.scope import Scope
from waypost_common.documents import ChatDocument, Collection, MessageDocument, message_document_id
from waypost_common.identifiers import MessageId


async def list_messages(scope: Scope, chat: ChatDocument, *, before: tuple[int, int] | None, limit: int) -> list[MessageDocument]:
    """Up to `limit` messages, newest first, older than `before`: (effective time in ms, log position)."""
    conditions = scope.owned({"chatJid": chat["jid"], "epoch": chat["epoch"], "effectiveAt": {"$gte": chat["trimmedBefore"]}})
    if before is not None:
        time, offset = before
        conditions["effectiveAt"]["$lte"] = time
        conditions["$or"] = [{"effectiveAt": {"$lt": time}}, {"offset": {"$lt": offset}}]
    cursor = scope.collection(Collection.MESSAGES).find(conditions).sort([("effectiveAt", -1), ("offset", -1)])
    return cast("list[MessageDocument]", await cursor.limit(limit).to_list(limit))


async def find_message(scope: Scope, chat: ChatDocument, message: MessageId) -> MessageDocument | None:
    identifier = message_document_id(scope.session, chat["jid"], chat["epoch"], message)
    conditions = scope.owned({"_id": identifier, "effectiveAt": {"$gte": chat["trimmedBefore"]}})
    found: Any = await scope.collection(Collection.MESSAGES).find_one(conditions)
    return cast("MessageDocument | None", found)
