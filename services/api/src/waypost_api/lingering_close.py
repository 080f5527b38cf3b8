"""Closing a connection whose client may still be sending, so that it gets its answer (RFC 9112, section 9.6).

A socket that is closed with unread bytes resets the connection, and the reset destroys an answer that was not read yet.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

LINGER_BYTES: Final = 8 * 1024 * 1024
"""What is read and dropped of a body whose request is answered: eight bodies of the default limit. Who sends more than that
without looking for an answer is hostile, or would not be helped by one."""
LINGER_HEAD_BYTES: Final = 1024 * 1024
"""The same of a head that was refused before its end: sixteen of the default limit."""
LINGER_S: Final = 10.0
"""How long that may take: the bytes above at 7 Mbit/s, and less than a client may take for a head or for a body."""


class LingeringTransport(asyncio.Transport):
    """A transport whose `close` ends only the sending side while the client may still be sending. What comes is dropped.

    It closes when the client does, when more came than is to be dropped, or after LINGER_S. Nothing of what comes is kept.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, to_drop: Callable[[], int]) -> None:
        """`to_drop` tells at the time of a close how many bytes the client may still send; 0: it has nothing more to send."""
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._to_drop = to_drop
        self._left = 0
        self._timer: asyncio.TimerHandle | None = None
        """Runs while the close lingers."""

    def close(self) -> None:
        """After what was written is sent. Idempotent."""
        if self.is_closing():
            return
        self._left = self._to_drop()
        if not self._left:
            self._transport.close()
            return
        self._timer = self._loop.call_later(LINGER_S, self.end)
        try:
            self._transport.write_eof()
            self._transport.resume_reading()
        except OSError:  # the client has reset the connection
            self.end()

    def drop(self, size: int) -> None:
        """Counts bytes that came after `close`."""
        self._left -= size
        if self._left < 0:
            self.end()

    def end(self) -> None:
        """Closes without waiting for the client any longer; what was written is still sent. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._transport.close()

    def is_closing(self) -> bool:
        return self._timer is not None or self._transport.is_closing()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._timer is None:
            self._transport.write(data)

    def abort(self) -> None:
        self._transport.abort()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)
