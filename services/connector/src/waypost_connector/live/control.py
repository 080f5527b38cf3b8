"""What can be asked of a session as a whole, connected or not: restart, logout, pairing."""

from typing import Protocol

from waypost_common.errors import ErrorCode
from waypost_common.identifiers import SessionId
from waypost_common.live_commands import LiveCommand, SessionLogoutCommand, SessionPairCommand, SessionRestartCommand
from waypost_connector.backend import CallEvent, CallRefusedError, CallResult, CallUnsupportedError, PairingCode
from waypost_connector.live.pairing import code_event
from waypost_connector.live.sessions import CallableSessions


class Controlled(Protocol):
    """What is needed of a session runner."""

    @property
    def is_paired(self) -> bool: ...

    def reconnect(self) -> None:
        """Ends the connection and makes a new one. Comes back from having been stopped or replaced."""
        ...

    async def log_out(self) -> None:
        """Unlinks the session where it is linked, ends its pairing where it is being paired, and returns once that is told.

        Raises ConnectionLostError.
        """
        ...

    async def pairing_code(self, phone: str | None) -> PairingCode:
        """Begins to pair the session where that has not begun, and gives its newest code. Raises CallRefusedError."""
        ...


class SessionControl:
    """A CallTarget. Its events say again what the runner has published by then, so that the outcome follows what can be read."""

    def __init__(self, session: SessionId, runner: Controlled, sessions: CallableSessions) -> None:
        self._session = session
        self._runner = runner
        self._sessions = sessions

    async def call(self, command: LiveCommand) -> CallResult:
        """Waits for the session to be connected, or for a code, where that is needed: the caller sets the deadline."""
        match command:
            case SessionRestartCommand():
                if not self._runner.is_paired:
                    raise CallRefusedError(ErrorCode.CONFLICT, "the session is not paired: pair it first")
                self._runner.reconnect()
                await self._sessions.connected(self._session)
                return _status("working")
            case SessionLogoutCommand():
                await self._runner.log_out()
                return _status("logged_out")
            case SessionPairCommand():
                if self._runner.is_paired:
                    raise CallRefusedError(ErrorCode.CONFLICT, "the session is paired already: log it out to pair it anew")
                code = await self._runner.pairing_code(command.payload.phone)
                return CallResult([CallEvent(*code_event(code))], {"code": code.code, "expiresAt": code.expires_at})
            case _:
                raise CallUnsupportedError("the session's connector cannot do this")


def _status(status: str) -> CallResult:
    return CallResult([CallEvent("session.status", {"status": status})])
