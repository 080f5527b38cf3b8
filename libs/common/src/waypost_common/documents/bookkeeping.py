"""How far the log has been applied, and which generation is read."""

from typing import Final, TypedDict

from waypost_common.identifiers import EpochMs, Offset

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
    timestamp: EpochMs | None
    """Kafka's timestamp of that record."""
    logStart: Offset
    """Where the log began when this position was first recorded."""


class GenerationDocument(TypedDict):
    """`_id: "live"` is the pointer that every read follows."""

    _id: str
    generation: int
