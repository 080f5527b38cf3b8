"""Times as an operator writes them. Pure."""

import re
from datetime import UTC, datetime
from typing import Final

from waypost_common.identifiers import EpochMs
from waypost_store.errors import StoreError

UNIT_MS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


def parse_moment(text: str, option: str, *, now: EpochMs) -> EpochMs:
    """`2h` (that long ago) or an ISO 8601 time (UTC where it names no zone). Raises StoreError."""
    if match := re.fullmatch(r"(\d{1,6})([smhdw])", text, re.ASCII):
        return EpochMs(now - int(match[1]) * UNIT_MS[match[2]])
    try:
        moment = datetime.fromisoformat(text)
        return EpochMs(int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1_000))
    except (ValueError, OverflowError):
        raise StoreError(f"{option} takes an ISO time (2026-07-01T12:00:00Z) or how long ago (30m, 2h, 7d)") from None


def iso_time(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
