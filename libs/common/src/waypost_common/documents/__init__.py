"""The documents in MongoDB, as stored. Only ingest writes those of a projection (rule R1); the API reads them.

A field that a document may lack is `NotRequired`: it is left out rather than stored as null where that keeps the many small
documents small (messages); elsewhere null is written so that indexes and partial filters see it.
"""

from waypost_common.documents.bookkeeping import (
    NO_OFFSET,
    AddressDocument,
    GenerationDocument,
    PositionDocument,
    SettledLetterDocument,
)
from waypost_common.documents.collections import (
    PROJECTIONS,
    Collection,
    collection_name,
)
from waypost_common.documents.conversations import (
    ChatDocument,
    Edit,
    Erasure,
    MessageDocument,
    PushName,
    Reaction,
    SeenCommand,
    Vote,
)
from waypost_common.documents.devices import (
    ConnectorDocument,
    DeviceDocument,
    SealedKeys,
)
from waypost_common.documents.ids import (
    MAX_SORT_TIME,
    chat_document_id,
    member_document_id,
    message_document_id,
    sort_key,
)
from waypost_common.documents.people import (
    ChannelDocument,
    ContactDocument,
    GroupDocument,
    GroupMemberDocument,
    GroupSighting,
)
from waypost_common.documents.sessions import (
    ApiKeyDocument,
    OperationDocument,
    Outbox,
    QrCode,
    SessionDocument,
    WantedPush,
)

__all__ = [
    "MAX_SORT_TIME",
    "NO_OFFSET",
    "PROJECTIONS",
    "AddressDocument",
    "ApiKeyDocument",
    "ChannelDocument",
    "ChatDocument",
    "Collection",
    "ConnectorDocument",
    "ContactDocument",
    "DeviceDocument",
    "Edit",
    "Erasure",
    "GenerationDocument",
    "GroupDocument",
    "GroupMemberDocument",
    "GroupSighting",
    "MessageDocument",
    "OperationDocument",
    "Outbox",
    "PositionDocument",
    "PushName",
    "QrCode",
    "Reaction",
    "SealedKeys",
    "SeenCommand",
    "SessionDocument",
    "SettledLetterDocument",
    "Vote",
    "WantedPush",
    "chat_document_id",
    "collection_name",
    "member_document_id",
    "message_document_id",
    "sort_key",
]
