"""Channels (newsletters) that a session follows or has followed."""

from typing import Any, cast

from waypost_api.queries.scope import Scope
from waypost_common.documents import ChannelDocument, Collection, chat_document_id
from waypost_common.identifiers import Jid


async def list_channels(scope: Scope, *, after: str | None, limit: int) -> list[ChannelDocument]:
    conditions = scope.owned(scope.id_range(after=after))
    cursor = scope.collection(Collection.CHANNELS).find(conditions).sort("_id", 1).limit(limit)
    return cast("list[ChannelDocument]", await cursor.to_list(limit))


async def find_channel(scope: Scope, jid: Jid) -> ChannelDocument | None:
    conditions = scope.owned({"_id": chat_document_id(scope.session, jid)})
    found: Any = await scope.collection(Collection.CHANNELS).find_one(conditions)
    return cast("ChannelDocument | None", found)
