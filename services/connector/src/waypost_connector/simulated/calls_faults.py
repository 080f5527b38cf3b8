"""What the network does wrong with calls, on purpose: for tests of whoever calls it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from waypost_common.errors import ErrorCode
from waypost_connector.simulated.protocol import Frame, ProtocolError

LONGEST_SECONDS: Final = 3_600.0
OPTIONS: Final = ("session", "operation", "seconds", "code", "times")

HELP: Final = """
Faults: --fault KIND[,operation=NAME][,session=ID][,seconds=N][,code=CODE][,times=N], as often as you like; the newest that fits a
call strikes it. KIND is slow (waits, then acts), hold (acts, waits, then answers), lose (acts, and ends the connection instead of
answering), drop (ends the connection instead of acting), refuse (with the error code, forbidden unless given) or limit (says to
come again after so many seconds). Without operation or session it strikes all of them, without times every call. While the
network runs, the frame `faults` of its protocol sets and ends them.
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


@dataclass
class Fault:
    kind: FaultKind
    session: str | None
    operation: str | None
    seconds: float = 0.0
    code: ErrorCode = ErrorCode.FORBIDDEN
    times: int | None = None
    """How many calls it still strikes; None: all."""


class Faults:
    """The newest fault that fits a call strikes it."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

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
        self.command(frame)

    def command(self, frame: Frame) -> None:
        """As the frame `faults` says: {session?, operation?, kind?, seconds?, code?, times?}; without a kind all faults end.

        Raises ProtocolError.
        """
        if frame.get("kind") is None:
            self._faults.clear()
            return
        seconds, times = frame.get("seconds", 0), frame.get("times")
        if not isinstance(seconds, int | float) or not 0 <= seconds <= LONGEST_SECONDS:
            raise ProtocolError(f"faults needs seconds, a number of 0 to {LONGEST_SECONDS}")
        if times is not None and (type(times) is not int or times < 1):
            raise ProtocolError("faults needs times, an integer of 1 or more")
        try:
            kind, code = FaultKind(frame["kind"]), ErrorCode(frame.get("code", ErrorCode.FORBIDDEN))
        except ValueError as error:
            raise ProtocolError("faults names a kind or code that there is not") from error
        self._faults.append(Fault(kind, frame.get("session"), frame.get("operation"), seconds, code, times))

    def strike(self, session: str, operation: str) -> Fault | None:
        """The fault for this call, counted."""
        for fault in reversed(self._faults):
            if fault.session in (None, session) and fault.operation in (None, operation):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times == 0:
                        self._faults.remove(fault)
                return fault
        return None
