"""A command in the queue of its session."""

from dataclasses import dataclass

from waypost_common.claims import Finish
from waypost_connector.live.intake import Accepted


@dataclass(eq=False)
class Entry:
    item: Accepted
    refusal: Finish | None = None
    """Why it is not carried out, where that was clear before its turn."""
    begun: bool = False
    """Whether its operation is being claimed: from then on it is carried out to its end."""
    moved: bool = False
    """Whether its partition was given away since: whoever got it has the command as well."""
