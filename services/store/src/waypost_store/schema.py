"""The collections of one generation and of the bookkeeping: validators and indexes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import CollectionInvalid

from waypost_common.documents import (
    NO_OFFSET,
    PROJECTIONS,
    AddressDocument,
    ChannelDocument,
    ChatDocument,
    Collection,
    ConnectorDocument,
    ContactDocument,
    DeviceDocument,
    GroupDocument,
    GroupMemberDocument,
    MessageDocument,
    SessionDocument,
    SettledLetterDocument,
    collection_name,
)
from waypost_common.mongo import MongoDatabase

WHOLE_NUMBER: Final = ["int", "long"]
TYPES: Final[Mapping[str, Any]] = {
    "session": "string",
    "organization": "string",
    "jid": "string",
    "chosen": "string",
    "chatJid": "string",
    "groupJid": "string",
    "sortKey": "string",
    "visible": "bool",
    "epoch": WHOLE_NUMBER,
    "offset": WHOLE_NUMBER,
    "appliedOffset": WHOLE_NUMBER,
}
"""Types that reads and guards rest on. Few on purpose: a validator is paid for on every write."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How a collection is validated and indexed."""

    required: frozenset[str]
    indexes: Sequence[IndexModel] = field(default_factory=tuple)

    def validator(self) -> dict[str, Any]:
        properties = {name: {"bsonType": kind} for name, kind in TYPES.items() if name in self.required}
        schema: dict[str, Any] = {"bsonType": "object", "required": sorted(self.required)}
        return {"$jsonSchema": schema | ({"properties": properties} if properties else {})}


def _index(name: str, *fields: str, unique: bool = False, where: Mapping[str, Any] | None = None) -> IndexModel:
    keys = [(field.removeprefix("-"), DESCENDING if field.startswith("-") else ASCENDING) for field in fields]
    options: dict[str, Any] = {"unique": True} if unique else {}
    return IndexModel(keys, name=name, **options, **({"partialFilterExpression": dict(where)} if where else {}))


def _present(name: str) -> dict[str, Any]:
    return {name: {"$exists": True}}


PROJECTION_SHAPES: Final[Mapping[Collection, Shape]] = {
    Collection.SESSIONS: Shape(
        required=SessionDocument.__required_keys__,
        indexes=(_index("organization", "organization", "session"), _index("label", "organization", "label")),
    ),
    Collection.CHATS: Shape(
        required=ChatDocument.__required_keys__,
        indexes=(
            _index("list", "session", "sortKey", where={"visible": True}),
            _index("list_archived", "session", "sortKey", where={"visible": True, "archived": True}),
            _index("list_not_archived", "session", "sortKey", where={"visible": True, "archived": False}),
            _index("list_unread", "session", "sortKey", where={"visible": True, "unread": True}),
            _index("deleted", "session", "jid", where={"epoch": {"$gt": NO_OFFSET}}),
        ),
    ),
    Collection.MESSAGES: Shape(
        required=MessageDocument.__required_keys__,
        indexes=(_index("list", "session", "chatJid", "epoch", "-effectiveAt", "-offset"),),
    ),
    Collection.CHANNELS: Shape(required=ChannelDocument.__required_keys__, indexes=(_index("list", "session", "jid"),)),
    Collection.CONTACTS: Shape(
        required=ContactDocument.__required_keys__,
        indexes=(
            _index("list", "session", "jid"),
            *(_index(name, "session", name, where=_present(name)) for name in ("lid", "phoneJid", "groupLid", "groupPhoneJid")),
        ),
    ),
    Collection.GROUPS: Shape(required=GroupDocument.__required_keys__, indexes=(_index("list", "session", "jid"),)),
    Collection.GROUP_MEMBERS: Shape(
        required=GroupMemberDocument.__required_keys__,
        indexes=(_index("list", "session", "groupJid", "member"), _index("member", "session", "member")),
    ),
}

BOOKKEEPING_SHAPES: Final[Mapping[Collection, Shape]] = {
    Collection.ADDRESSES: Shape(required=AddressDocument.__required_keys__),
    Collection.OPERATIONS: Shape(
        required=frozenset({"_id", "status", "expiresAt"}),
        indexes=(
            _index("idempotency_key", "organization", "idempotencyKey", unique=True, where=_present("idempotencyKey")),
            _index("unfinished", "status", "deadline"),
            IndexModel([("expiresAt", ASCENDING)], name="expiry", expireAfterSeconds=0),
        ),
    ),
    Collection.API_KEYS: Shape(
        required=frozenset({"_id", "hash", "organization", "permissions"}),
        indexes=(_index("hash", "hash", unique=True), _index("organization", "organization")),
    ),
    Collection.CONNECTORS: Shape(required=ConnectorDocument.__required_keys__),
    Collection.DEAD_LETTERS_SETTLED: Shape(
        required=SettledLetterDocument.__required_keys__,
        indexes=(
            _index("topic", "topic", "partition", "offset"),
            IndexModel([("expiresAt", ASCENDING)], name="expiry", expireAfterSeconds=0),
        ),
    ),
    Collection.DEVICES: Shape(
        required=DeviceDocument.__required_keys__,
        indexes=(_index("keys", "backend", "_id", "organization", where=_present("keys")),),
    ),
    Collection.GENERATIONS: Shape(required=frozenset({"_id", "generation"})),
    Collection.LEASES: Shape(required=frozenset({"_id", "owner", "until"})),
    Collection.POSITIONS: Shape(
        required=frozenset({"_id", "generation", "partition", "offset"}), indexes=(_index("generation", "generation"),)
    ),
    Collection.RATE_LIMITS: Shape(
        required=frozenset({"_id", "count", "expireAt"}),
        indexes=(IndexModel([("expireAt", ASCENDING)], name="expiry", expireAfterSeconds=0),),
    ),
}


async def ensure_projections(database: MongoDatabase, generation: int) -> None:
    """Makes the collections of a generation, or brings their validators and indexes up to date. Idempotent."""
    for collection in PROJECTIONS:
        await ensure_collection(database, collection_name(collection, generation), PROJECTION_SHAPES[collection])


async def ensure_bookkeeping(database: MongoDatabase) -> None:
    """The same for the collections that no generation owns."""
    for collection, shape in BOOKKEEPING_SHAPES.items():
        await ensure_collection(database, collection.value, shape)


async def ensure_collection(database: MongoDatabase, name: str, shape: Shape) -> None:
    options: dict[str, Any] = {"validator": shape.validator(), "validationLevel": "strict", "validationAction": "error"}
    try:
        await database.create_collection(name, **options)
    except CollectionInvalid:
        await database.command({"collMod": name, **options})
    if shape.indexes:
        await database[name].create_indexes(list(shape.indexes))
