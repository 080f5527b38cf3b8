"""What of the log belongs into an export. Pure, but for what it remembers of the records before.

An export has no commands: their headers would have ingest tell outcomes that nobody waits for, and their results may be secret.
So what they do to a fold is done here: a second event of one command, which the fold passes over, is left out.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from waypost_common.consumption import Record
from waypost_common.dead_letters import DeadLetter
from waypost_common.documents import SeenCommand
from waypost_common.identifiers import EventId, OrganizationId, SessionId
from waypost_common.outcomes import OutcomeStatus
from waypost_projection.fold.commands_seen import outcome_seen, remember
from waypost_projection.logged import AnyLogged, decode
from waypost_store.transfer.manifest import LeftOut


class Taken(NamedTuple):
    session: SessionId
    key: str
    id: EventId
    line: bytes
    """The event as it was published, on one line."""

    @property
    def of_session(self) -> bool:
        """Whether it concerns the session itself, and no chat or person."""
        return self.key == self.session


@dataclass(kw_only=True)
class Selection:
    """`take` wants the records of one partition in log order."""

    sessions: Mapping[SessionId, OrganizationId]
    max_event_bytes: int
    taken: Counter[SessionId] = field(default_factory=Counter)
    unusable: int = 0
    repeated: int = 0
    strangers: set[SessionId] = field(default_factory=set)
    """Sessions of which there are events of another organization too."""
    _commands: dict[str, list[SeenCommand]] = field(default_factory=dict)

    def take(self, record: Record) -> Taken | None:
        session = SessionId((record.key or b"").partition(b"|")[0].decode("utf-8", "replace"))
        if session not in self.sessions:
            return None
        found = decode(record, max_bytes=self.max_event_bytes)
        if isinstance(found, DeadLetter):
            self.unusable += 1
            return None
        if found.event.organization != self.sessions[session]:
            self.unusable += 1
            self.strangers.add(session)
            return None
        if self._is_repeated(found, of_session=found.key == session):
            self.repeated += 1
            return None
        self.taken[session] += 1
        return Taken(session, found.key, found.event.id, one_line(record.value or b""))

    def _is_repeated(self, logged: AnyLogged, *, of_session: bool) -> bool:
        """As the folds decide it: of a session by the last event of a command alone."""
        command = logged.command
        if command is None or (of_session and not command.last):
            return False
        seen = self._commands.get(logged.key, [])
        if outcome_seen(seen, command.id) is not None:
            return True
        if command.last:
            self._commands[logged.key] = remember(seen, command.id, OutcomeStatus.SUCCEEDED.value)
        return False

    @property
    def left_out(self) -> LeftOut:
        return LeftOut(unusable=self.unusable, repeated=self.repeated)


def one_line(value: bytes) -> bytes:
    """The same JSON without line breaks: in valid JSON they stand between its parts alone."""
    return value.replace(b"\r", b" ").replace(b"\n", b" ")
