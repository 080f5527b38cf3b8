"""Which events may be applied later than they were meant to be (docs/events.md). Pure.

Between a dead letter and its replay the log went on. Where the time in the event decides, or where any order comes to the same,
that does not matter. Where the last one in the log wins, an old event would undo newer ones.
"""

from collections.abc import Mapping
from typing import Final

_LAST_WINS: Final = "the last one in the log wins, so it would undo what came after it"
_TIES: Final = "of two in one second the last one in the log wins, so it may undo what came after it"
_NEWS: Final = "programs that read the topic would take it for something that happens now"

DEPENDS_ON_LOG_ORDER: Final[Mapping[str, str | None]] = {
    # Ordered by its time; stored once for each id.
    "message": None,
    "message.from_me": None,
    # Only climbs.
    "message.status": None,
    # Wins over every edit, before or after it, and twice is once.
    "message.revoked": None,
    # The newest by time; WhatsApp's times are whole seconds.
    "message.edited": _TIES,
    "message.reaction": _TIES,
    "poll.vote": _TIES,
    # Flags, read marks, pictures, deletions; also trims and erasures, since a deletion forgets them.
    "chat.update": _LAST_WINS,
    "contact.update": _LAST_WINS,
    "group.update": _LAST_WINS,
    "group.participant": _LAST_WINS,
    "newsletter.update": _LAST_WINS,
    "session.status": _LAST_WINS,
    "auth.qr": _LAST_WINS,
    "auth.code": _LAST_WINS,
    # Not stored.
    "presence.update": _NEWS,
    "call.incoming": _NEWS,
}
"""For each event type why it must not be replayed without being told to, or None when it may."""
