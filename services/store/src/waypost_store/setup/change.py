"""A change that is due, told before it is made."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Change:
    description: str
    apply: Callable[[], Awaitable[None]]
    """Idempotent."""
