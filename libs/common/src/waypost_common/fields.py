"""Constrained field types that every contract is built from."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from waypost_common.identifiers import FOREVER, CommandId, EpochMs, EventId, Jid, MessageId, OrganizationId, SessionId
from waypost_common.jids import parse_jid

ULID_PATTERN = "[0-7][0-9A-HJKMNP-TV-Z]{25}"

SessionIdField = Annotated[SessionId, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
OrganizationIdField = Annotated[OrganizationId, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
EventIdField = Annotated[EventId, Field(pattern=f"^evt_{ULID_PATTERN}$")]
CommandIdField = Annotated[CommandId, Field(pattern=f"^cmd_{ULID_PATTERN}$")]
MessageIdField = Annotated[MessageId, Field(pattern=r"^[\x21-\x7e]{1,128}$")]
JidField = Annotated[Jid, Field(max_length=128), AfterValidator(parse_jid)]
EpochMsField = Annotated[EpochMs, Field(ge=0, le=FOREVER)]
ShortText = Annotated[str, Field(max_length=1_024)]
LongText = Annotated[str, Field(max_length=262_144)]


class Contract(BaseModel):
    """Base of everything that travels on a topic: exact JSON types, unknown fields ignored (rule R10)."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", populate_by_name=True)
