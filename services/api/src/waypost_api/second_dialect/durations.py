"""How long a mute lasts, as this dialect writes it."""

from dataclasses import dataclass
from typing import Final

from waypost_api.second_dialect.errors import MAX_TOLD, RequestRefusedError
from waypost_common.identifiers import FOREVER, EpochMs

HOUR_S: Final = 3_600
WEEK_S: Final = 7 * 24 * HOUR_S


@dataclass(frozen=True, slots=True)
class Duration:
    seconds: int
    """0 is for ever."""
    message: str
    """What the reply says of a mute that lasts so long."""

    def until(self, now: EpochMs) -> EpochMs:
        return EpochMs(now + self.seconds * 1_000) if self.seconds else FOREVER


PERMANENT: Final = Duration(0, "Chat muted permanently")
EIGHT_HOURS: Final = Duration(8 * HOUR_S, "Chat muted for 8 hours")
ONE_WEEK: Final = Duration(WEEK_S, "Chat muted for 1 week")

ACCEPTED: Final = {
    "8h": EIGHT_HOURS,
    "8 hours": EIGHT_HOURS,
    "1w": ONE_WEEK,
    "7d": ONE_WEEK,
    "1 week": ONE_WEEK,
    "always": PERMANENT,
    "forever": PERMANENT,
    "permanent": PERMANENT,
    "": PERMANENT,
}


def parse_duration(text: str) -> Duration:
    """Whatever its case, and with blanks around it. Raises RequestRefusedError."""
    duration = ACCEPTED.get(text.strip().lower())
    if duration is None:
        raise RequestRefusedError(400, f"Invalid duration: {text[:MAX_TOLD]}")
    return duration
