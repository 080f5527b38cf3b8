"""What a call comes to: events, a result, and what follows a little later; or a refusal."""

from dataclasses import dataclass, field
from typing import Any

from waypost_common.errors import ErrorCode
from waypost_connector.simulated.drafts import Draft


class RefusedError(Exception):
    """Told to the caller, word for word."""

    def __init__(self, code: ErrorCode, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s


@dataclass(slots=True)
class Answer:
    events: list[Draft] = field(default_factory=list)
    """Part of the answer: the connection that calls is not delivered these."""
    result: dict[str, Any] | None = None
    later: list[tuple[float, Draft]] = field(default_factory=list)
    """What is delivered after so many seconds."""
    facts: dict[str, Any] = field(default_factory=dict)
    """For the record: ids, never text."""
