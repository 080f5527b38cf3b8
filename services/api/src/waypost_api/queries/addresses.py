"""Which address the connector chose for a person's chat, as far as it is not the address itself."""

from typing import Any

from waypost_api.queries.scope import Scope
from waypost_common.documents import Collection, chat_document_id
from waypost_common.identifiers import Jid


async def chosen_address(scope: Scope, jid: Jid) -> Jid | None:
    """None where nothing is kept for `jid`: a phone JID that stands for itself, or somebody never seen."""
    query = scope.owned({"_id": chat_document_id(scope.session, jid)})
    found: Any = await scope.database[Collection.ADDRESSES].find_one(query, {"chosen": True})
    return None if found is None else Jid(found["chosen"])
