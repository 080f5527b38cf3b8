"""How far the log has been applied, and which generation is read."""

from datetime import datetime
from typing import Final, Literal, NotRequired, TypedDict

from waypost_common.identifiers import EpochMs, Jid, Offset, OrganizationId, SessionId

NO_OFFSET: Final = Offset(-1)
"""Stands for "never" wherever an offset is compared: below every real one."""


class PositionDocument(TypedDict):
    """The last applied record of a partition in one generation (rule R4)."""

    _id: str
    """`<generation>|<partition>`."""
    generation: int
    partition: int
    offset: Offset
    """NO_OFFSET until the first event is applied."""
    eventId: str | None
    """Of a dead letter `sha256:` and the digest of its bytes; None until the first, or where an operator moved the position."""
    timestamp: EpochMs | None
    """Kafka's timestamp of that record."""
    logStart: Offset
    """Where the log began when this position was first recorded."""


class GenerationDocument(TypedDict):
    """`_id: "live"` is the pointer that every read follows; `g<number>` tells of one that was made beside it."""

    _id: str
    generation: int
    state: NotRequired[str]
    """A GenerationState (`waypost_common.generations`); never of the pointer."""
    carried: NotRequired[list[int]]
    """Partitions whose documents were copied, since the log no longer tells all of them."""
    changedAt: NotRequired[datetime]
    """When the state, or the pointer, was last set, by MongoDB's clock."""
    newest: NotRequired[int]
    """Of the pointer: the highest number that was ever given to a generation; absent before the first rebuild."""
    making: NotRequired[int | None]
    """Of the pointer: the only generation that may become live next; None after it was abandoned."""
    former: NotRequired[int]
    """Of the pointer: the generation that was live before the last switch, which was at `changedAt`."""


class AddressDocument(TypedDict):
    """Which of a person's two addresses names their chat. Connectors insert it and never change it; purged with its session.

    Kept of each LID, and of a phone JID only where its chat is another one.
    """

    _id: str
    """`<session>|<jid>`."""
    session: SessionId
    organization: OrganizationId
    jid: Jid
    chosen: Jid


class SettledLetterDocument(TypedDict):
    """A dead letter that an operator replayed or dropped. Kafka deletes no single record, so this says that it is done with."""

    _id: str
    """`<topic>|<partition>|<offset>`, of the dead letter itself."""
    topic: str
    partition: int
    offset: Offset
    timestamp: EpochMs
    """Kafka's, of the dead letter: tells it from another one in a topic that was made again."""
    how: Literal["replayed", "dropped"]
    at: EpochMs
    by: str
    expiresAt: NotRequired[datetime]
    """Absent where the topic keeps its records for ever."""
