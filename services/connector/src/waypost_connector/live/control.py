"""What can be asked of a session as a whole, connected or not: restart, logout."""

from typing import Protocol

from waypost_common.errors import ErrorCode
from waypost_common.identifiers import SessionId
from waypost_common.live_commands import LiveCommand, SessionLogoutCommand, SessionRestartCommand
from waypost_connector.backend import CallEvent, CallRefusedError, CallResult, CallUnsupportedError
from waypost_connector.live.sessions import CallableSessions

CONTROLS = ("session.restart", "session.logout")
"""What every backend's sessions can do, as the connector does most of it."""


class Reconnecting(Protocol):
    """What is needed of a session runner."""

    @property
    def is_logged_out(self) -> bool: ...

    def reconnect(self) -> None:
        """Ends the connection and makes a new one. Comes back from having been replaced."""
        ...


class SessionControl:
    """A CallTarget. Its events say again what the runner has published by then, so that the outcome follows what can be read."""

    def __init__(self, session: SessionId, runner: Reconnecting, sessions: CallableSessions) -> None:
        self._session = session
        self._runner = runner
        self._sessions = sessions

    async def call(self, command: LiveCommand) -> CallResult:
        """Waits for the session to be connected where that is needed: the caller sets the deadline."""
        match command:
            case SessionRestartCommand():
                if self._runner.is_logged_out:
                    raise CallRefusedError(ErrorCode.CONFLICT, "the session is not paired: pair it first")
                self._runner.reconnect()
                await self._sessions.connected(self._session)
                return _status("working")
            case SessionLogoutCommand():
                if not self._runner.is_logged_out:
                    line = await self._sessions.connected(self._session)
                    await line.target.call(command)
                return _status("logged_out")
            case _:
                raise CallUnsupportedError("the session's connector cannot do this")


def _status(status: str) -> CallResult:
    return CallResult([CallEvent("session.status", {"status": status})])
