"""What the network does wrong, on purpose: for tests of whoever uses it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from waypost_common.errors import ErrorCode
from waypost_connector.simulated.protocol import Frame, ProtocolError

LONGEST_SECONDS: Final = 3_600.0
OPTIONS: Final = ("session", "operation", "seconds", "code", "times")

HELP: Final = """
Faults: --fault KIND[,operation=NAME][,session=ID][,seconds=N][,code=CODE][,times=N], as often as you like; the newest that fits
strikes. Without operation or session it strikes all of them, without times always. While the network runs, the frame `faults` of
its protocol sets and ends them.

Of a call, KIND is slow (waits, then acts), hold (acts, waits, then answers), lose (acts, and ends the connection instead of
answering), drop (ends the connection instead of acting), refuse (with the error code, forbidden unless given), limit (says to
come again after so many seconds) or, with an operation, ban (logs the session out for good instead of acting).

Of a connection, KIND is disconnect (ends it) or ban (logs the session out for good: its device is refused until it is paired
again), so many seconds after the login, or after the fault was set where that was later. Without seconds, by the frame alone, it
strikes at once and never again: disconnect what is connected, ban the sessions, connected or not; at most so many times.

Of a delivery, KIND is duplicate (so many seconds after an event was first delivered it comes again, with the same id, at the end
of the session's queue, whether it was acknowledged or not; times counts events) or delay (waits so many seconds before it sends
the next events; times counts these pauses).
"""


class FaultKind(StrEnum):
    SLOW = "slow"
    """Waits `seconds` before it acts."""
    HOLD = "hold"
    """Acts, and waits `seconds` before it answers."""
    LOSE = "lose"
    """Acts, and ends the connection instead of answering."""
    DROP = "drop"
    """Ends the connection instead of acting."""
    REFUSE = "refuse"
    """Refuses with `code`."""
    LIMIT = "limit"
    """Says that the session asks for too much, and to come again after `seconds`."""
    DISCONNECT = "disconnect"
    """Ends a connection `seconds` after its login."""
    BAN = "ban"
    """Logs the session out for good: `seconds` after its login, or instead of acting."""
    DUPLICATE = "duplicate"
    """Delivers an event again, `seconds` after the first time."""
    DELAY = "delay"
    """Waits `seconds` before it delivers."""


OF_CONNECTIONS: Final = (FaultKind.DISCONNECT, FaultKind.BAN)
NOT_OF_CALLS: Final = (FaultKind.DISCONNECT, FaultKind.DUPLICATE, FaultKind.DELAY)


@dataclass(eq=False)
class Fault:
    kind: FaultKind
    session: str | None
    operation: str | None
    seconds: float = 0.0
    code: ErrorCode = ErrorCode.FORBIDDEN
    times: int | None = None
    """How often it still strikes; None: always."""
    set_at: float = field(default_factory=time.monotonic)

    @property
    def is_of_calls(self) -> bool:
        return self.kind not in NOT_OF_CALLS and not self.is_of_connections

    @property
    def is_of_connections(self) -> bool:
        return self.kind in OF_CONNECTIONS and self.operation is None

    def is_of(self, session: str) -> bool:
        return self.session in (None, session)


class Faults:
    """The newest fault that fits strikes."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._changed = asyncio.Event()

    def option(self, text: str) -> None:
        """As HELP says. Raises ProtocolError."""
        kind, *parts = text.split(",")
        frame: Frame = {"kind": kind}
        for part in parts:
            name, _, value = part.partition("=")
            if name not in OPTIONS:
                raise ProtocolError(f"{name} is none of {', '.join(OPTIONS)}")
            try:
                frame[name] = float(value) if name == "seconds" else int(value) if name == "times" else value
            except ValueError as error:
                raise ProtocolError(f"{name} must be a number") from error
        if self.command(frame) is not None:
            raise ProtocolError(f"{kind} needs seconds: nobody is connected yet")

    def command(self, frame: Frame) -> Fault | None:
        """As the frame `faults` says: {session?, operation?, kind?, seconds?, code?, times?}; without a kind all faults end.

        Returns the fault that is to strike at once, if it is such a one: it is not kept. Raises ProtocolError.
        """
        fault = None if frame.get("kind") is None else _read(frame)
        if fault is not None and fault.is_of_connections and not fault.seconds:
            return fault
        if fault is None:
            self._faults.clear()
        else:
            self._faults.append(fault)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        return None

    @property
    def changed(self) -> asyncio.Event:
        """Set as soon as faults are set or ended after now."""
        return self._changed

    def strike(self, session: str, operation: str) -> Fault | None:
        """The fault for this call, counted."""
        return self._counted(lambda fault: fault.is_of_calls and fault.is_of(session) and fault.operation in (None, operation))

    def strike_delivery(self, session: str, kind: FaultKind) -> Fault | None:
        """The fault of this kind for a delivery, counted."""
        return self._counted(lambda fault: fault.kind is kind and fault.is_of(session))

    def of_connection(self, session: str) -> Fault | None:
        """The fault that is to strike a connection once its time has come, not counted yet."""
        return self._newest(lambda fault: fault.is_of_connections and fault.is_of(session))

    def count(self, fault: Fault) -> bool:
        """Counts that it strikes. False when it does not any more: it was ended, or has struck often enough."""
        if fault not in self._faults:
            return False
        if fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                self._faults.remove(fault)
        return True

    def _counted(self, fits: Callable[[Fault], bool]) -> Fault | None:
        fault = self._newest(fits)
        if fault is not None:
            self.count(fault)
        return fault

    def _newest(self, fits: Callable[[Fault], bool]) -> Fault | None:
        return next((fault for fault in reversed(self._faults) if fits(fault)), None)


def _read(frame: Frame) -> Fault:
    """Raises ProtocolError."""
    seconds, times, operation = frame.get("seconds", 0), frame.get("times"), frame.get("operation")
    if not isinstance(seconds, int | float) or not 0 <= seconds <= LONGEST_SECONDS:
        raise ProtocolError(f"faults needs seconds, a number of 0 to {LONGEST_SECONDS}")
    if times is not None and (type(times) is not int or times < 1):
        raise ProtocolError("faults needs times, an integer of 1 or more")
    try:
        kind, code = FaultKind(frame["kind"]), ErrorCode(frame.get("code", ErrorCode.FORBIDDEN))
    except ValueError as error:
        raise ProtocolError("faults names a kind or code that there is not") from error
    if operation is not None and (kind in NOT_OF_CALLS or (kind is FaultKind.BAN and seconds)):
        raise ProtocolError(f"{kind}{' with seconds' if seconds else ''} is of no operation")
    return Fault(kind, frame.get("session"), operation, seconds, code, times)
