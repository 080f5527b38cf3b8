"""Which address names each person's chat: what connectors chose goes along, else the session's next one could choose otherwise.

It is no event, and no document follows from it (`waypost_connector.addresses`).
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import NamedTuple

import orjson
from pydantic import TypeAdapter, ValidationError
from pymongo import UpdateOne

from waypost_common.documents import AddressDocument, Collection, chat_document_id
from waypost_common.fields import JidField, SessionIdField
from waypost_common.identifiers import OrganizationId, SessionId
from waypost_common.mongo import MongoDatabase
from waypost_store.errors import StoreError
from waypost_store.purge.documents import all_of_session
from waypost_store.transfer.manifest import ADDRESSES_FILE


class Address(NamedTuple):
    session: SessionIdField
    jid: JidField
    chosen: JidField


_ADDRESS: TypeAdapter[Address] = TypeAdapter(Address)


async def addresses_of(database: MongoDatabase, sessions: Mapping[SessionId, OrganizationId]) -> AsyncIterator[bytes]:
    """A line for each: `[session, address, chosen address]`."""
    for session, organization in sessions.items():
        async for one in database[Collection.ADDRESSES].find(all_of_session(session, organization)).sort("_id", 1):
            yield orjson.dumps([session, one["jid"], one["chosen"]])


def parse_address(line: bytes, sessions: Iterable[SessionId]) -> Address:
    """Raises StoreError. Pure."""
    try:
        address = _ADDRESS.validate_json(line)
    except ValidationError as error:
        raise StoreError(f"{ADDRESSES_FILE} holds something else than addresses: copy the export again") from error
    if address.session not in sessions:
        raise StoreError(f"{ADDRESSES_FILE} is of another session than the manifest says: copy the export again")
    return address


async def keep_addresses(database: MongoDatabase, addresses: list[Address], organization: OrganizationId) -> None:
    """A choice that was made here stays. Idempotent. Raises PyMongoError."""
    if addresses:
        await database[Collection.ADDRESSES].bulk_write([_kept(one, organization) for one in addresses], ordered=False)


def _kept(address: Address, organization: OrganizationId) -> UpdateOne:
    document = AddressDocument(
        _id=chat_document_id(address.session, address.jid),
        session=address.session,
        organization=organization,
        jid=address.jid,
        chosen=address.chosen,
    )
    return UpdateOne({"_id": document["_id"]}, {"$setOnInsert": document}, upsert=True)
