"""Which copies of the documents there are: the one that is read, and those that are being made beside it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

LIVE: Final = "live"
"""The id of the pointer that every read follows."""
NOTICE_S: Final = 3.0
"""So long at least is a generation `ready` before it is made live: every replica of ingest looks each second."""
STALE_S: Final = NOTICE_S - 1.0
"""Who began its last look longer ago than this may have missed that. Less than NOTICE_S, or outcomes stay unsaid at a switch."""
FORMER_FOR_S: Final = 45.0
"""So long is the former generation kept up: replicas of the API may read it for 10 s more, and wait 30 s for a live command."""
QUIET_S: Final = FORMER_FOR_S + 15.0
"""So long after a switch ingest may still write the former generation: it is kept up from when each replica noticed."""


class GenerationState(StrEnum):
    """Of a generation above the live one. The live one has none: the pointer alone says which it is."""

    PREPARING = "preparing"
    """Its collections and positions are being made: nobody writes into it yet."""
    BUILDING = "building"
    """Ingest folds the log into it, and tells nobody."""
    READY = "ready"
    """As far as the live one: ingest publishes outcomes of it too, so that none is missing at the switch."""
    ABANDONED = "abandoned"


@dataclass(frozen=True, kw_only=True)
class Generations:
    live: int | None
    """None before the first migration."""
    states: Mapping[int, GenerationState]
    """Of those above the live one."""

    @property
    def consumed(self) -> set[int]:
        """Those that ingest writes."""
        taken = {one for one, state in self.states.items() if state in {GenerationState.BUILDING, GenerationState.READY}}
        return taken if self.live is None else taken | {self.live}


def generations_of(documents: Iterable[Mapping[str, Any]]) -> Generations:
    """From all documents of the collection `generations`."""
    live: int | None = None
    states: dict[int, GenerationState] = {}
    for document in documents:
        if document["_id"] == LIVE:
            live = int(document["generation"])
        elif "state" in document:
            states[int(document["generation"])] = GenerationState(document["state"])
    return Generations(live=live, states={one: state for one, state in states.items() if live is None or one > live})
