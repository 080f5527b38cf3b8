"""Spans by hand at the edges of a service: where a request or a record comes in, and where it causes another.

Off, a span is what was given on and costs a method call; OpenTelemetry's SDK is not even imported. On, `waypost_common.otlp`
sends them to a collector. Names and attributes are ids, types, statuses and topics: never text, a JID or a secret (rule R9).
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import Enum, auto
from typing import Final, Protocol

from waypost_common.consumption import Record
from waypost_common.settings import TracingSettings

Attributes = Mapping[str, str | int]


class Kind(Enum):
    SERVER = auto()
    """Answers a request."""
    PRODUCER = auto()
    """Puts a record on a topic."""
    CONSUMER = auto()
    """Handles a record."""
    CLIENT = auto()
    """Asks somebody else, and waits."""


class Span(Protocol):
    @property
    def traceparent(self) -> str | None:
        """For the header of what this causes."""
        ...

    def end(self, attributes: Attributes | None = None, *, name: str | None = None, failed: bool = False) -> None:
        """Once. One that is never ended is never told. `name`: where that is known only now."""
        ...


class Tracing(Protocol):
    def span(self, name: str, kind: Kind, *, parent: str | None, attributes: Attributes, started_ms: float | None = None) -> Span:
        """Begins a span under the traceparent `parent`, or a trace of its own. `started_ms`: epoch, where that is past."""
        ...

    async def close(self) -> None:
        """Sends what is left, within a deadline. Raises nothing."""
        ...


class _GivenOn:
    __slots__ = ("traceparent",)

    def __init__(self, traceparent: str | None) -> None:
        self.traceparent = traceparent

    def end(self, *_what: object, **_more: object) -> None:
        pass


class NoTracing:
    """What comes in with a trace goes on with it."""

    def span(self, *_what: object, parent: str | None, **_more: object) -> Span:
        return _GivenOn(parent)

    async def close(self) -> None:
        pass


NO_TRACING: Final = NoTracing()


def open_tracing(settings: TracingSettings, *, service: str) -> Tracing:
    """To be closed by the caller."""
    if settings.endpoint is None:
        return NO_TRACING
    from waypost_common.otlp import OtlpTracing  # noqa: PLC0415 - takes a third of a second, for those alone who want it

    return OtlpTracing(settings, service=service)


@asynccontextmanager
async def traced(settings: TracingSettings, *, service: str) -> AsyncIterator[Tracing]:
    """Opened, and closed on the way out."""
    tracing = open_tracing(settings, service=service)
    try:
        yield tracing
    finally:
        await tracing.close()


def handling(
    tracing: Tracing,
    record: Record,
    *,
    command: str,
    parent: str | None,
    kind: str | None = None,
    started_ms: float | None = None,
) -> Span:
    """Begins the span of a record that concerns a command, which is of the type `kind`.

    Attributes have the names of OpenTelemetry's conventions for messaging, where there is one.
    """
    attributes: dict[str, str | int] = {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.destination.name": record.topic,
        "messaging.destination.partition.id": str(record.partition),
        "messaging.kafka.offset": record.offset,
        "waypost.command": command,
    }
    if kind is not None:
        attributes["waypost.command.type"] = kind
    return tracing.span(f"process {record.topic}", Kind.CONSUMER, parent=parent, attributes=attributes, started_ms=started_ms)
