"""One operation of the HTTP API: a row of the table that routes and the OpenAPI document are both made from."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from starlette.responses import Response

from waypost_api.call import Call
from waypost_common.api_keys import Permission

READ = frozenset({Permission.READ})
SEND = frozenset({Permission.SEND})
MANAGE = frozenset({Permission.MANAGE})
EVENTS = frozenset({Permission.EVENTS})
OPERATOR = frozenset({Permission.OPERATOR})
READ_OR_SEND = READ | SEND
READ_OR_MANAGE = READ | MANAGE

Handler = Callable[[Call], Awaitable[Response]]


class Tag(StrEnum):
    ADMIN = "Admin"
    BACKUP = "Backup"
    CHANNELS = "Channels"
    CHATS = "Chats"
    CONTACTS = "Contacts"
    EVENTS = "Events"
    GROUPS = "Groups"
    MESSAGES = "Messages"
    OPERATIONS = "Operations"
    PRESENCE = "Presence"
    SESSIONS = "Sessions"
    STATUS = "Status"
    WEBHOOKS = "Webhooks"


@dataclass(frozen=True, slots=True)
class QueryParameter:
    name: str
    description: str
    schema: dict[str, Any]
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    id: str
    method: str
    path: str
    """Below /api/v1, with `{names}`."""
    title: str
    tag: Tag
    capabilities: frozenset[Permission]
    """The caller needs one of these."""
    handler: Handler
    """Looks up (404), refuses what cannot be done (501), reads the body (400 or 422), then acts: in that order."""
    description: str = ""
    super_admin: bool = False
    """For platform administrators alone, whatever `capabilities` says."""
    implemented: bool = True
    success: int = 200
    """501 where there is none."""
    answer: Any = None
    """The type of the answer's JSON; None for an empty one."""
    accepted: Any = None
    """The same of 202; None for the operation's record."""
    other_media: tuple[str, ...] = ()
    """Media types beside JSON that the answer may have."""
    body: Any = None
    """The type of the body's JSON, as the document tells it; None for no body."""
    body_media: str = "application/json"
    body_required: bool = True
    body_status: int = 400
    """How a malformed body is answered."""
    query: tuple[QueryParameter, ...] = ()
    errors: tuple[int, ...] = field(default=(404,))
    """Statuses beside 401, 403 and 503 (and 500), which every operation may answer."""
    waits: bool = False
    """May take longer than one reading of the database; bounds its own readings."""
    lasts: bool = False
    """Its answer does not end by itself."""
    changes: bool = False
    """Publishes a command: takes `Idempotency-Key`, `async` and `Prefer`."""


API_PREFIX = "/api/v1"
