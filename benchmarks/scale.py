"""How large the rows are: the whole run, and the quick one with the same rows."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Scale:
    rounds: int
    """Alternating runs, of which the median counts."""
    mixed_events: int
    """Events of each mixed history."""
    repeated_events: int
    """Events of the one that two processes share: it must last until the second has begun."""
    messages: int
    """Messages of the history of messages alone."""
    warm_up_share: float
    """The first part of a history, which no clock counts: connections, JIT, caches."""
    poll_sizes: tuple[int, ...]
    """What is tried as max.poll.records of the sink connector; the best is the reference."""
    bulk_sizes: tuple[int, ...]
    """The same of plain inserts."""
    live_seconds: float
    """How long events arrive at 1,000 a second, after a first part that is not counted."""
    live_warm_up_seconds: float
    changes: int
    """Chats changed in a run, one after another."""
    clients_seconds: float
    """How long the clients of listChats ask."""
    page_sizes: tuple[int, ...]
    """Chats of a session, and messages of a chat."""
    page_requests: int
    """Requests for each page."""
    load_seconds: float
    load_events: int
    """What waits in the log when the full load begins."""
    idle_settle_seconds: float
    idle_seconds: float
    starts: int


FULL: Final = Scale(
    rounds=5,
    mixed_events=100_000,
    repeated_events=200_000,
    messages=80_000,
    warm_up_share=0.2,
    poll_sizes=(500, 2_000, 10_000),
    bulk_sizes=(1_000, 5_000, 20_000),
    live_seconds=15,
    live_warm_up_seconds=5,
    changes=300,
    clients_seconds=8,
    page_sizes=(1_000, 100_000, 1_000_000),
    page_requests=200,
    load_seconds=300,
    load_events=5_000_000,
    idle_settle_seconds=20,
    idle_seconds=40,
    starts=5,
)

QUICK: Final = Scale(
    rounds=1,
    mixed_events=10_000,
    repeated_events=20_000,
    messages=10_000,
    warm_up_share=0.2,
    poll_sizes=(2_000,),
    bulk_sizes=(20_000,),
    live_seconds=2,
    live_warm_up_seconds=0.5,
    changes=20,
    clients_seconds=1,
    page_sizes=(1_000, 2_500, 6_000),
    page_requests=20,
    load_seconds=3,
    load_events=15_000,
    idle_settle_seconds=2,
    idle_seconds=3,
    starts=1,
)
