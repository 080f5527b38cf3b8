"""The simulated network's protocol: one JSON object a line, in both directions, each line bounded.

| from | frame | answer |
|---|---|---|
| client | `sessions` {secret, after} | `sessions` {sessions: [...], more}: pages of all sessions, with their device keys |
| client | `login` {session, deviceKey, fence?, client?} | `welcome` {identity}, then events |
| network | `refused` {reason} | none: a wrong secret or device key; the connection ends |
| network | `event` {sequence, id, event, payload, alternative?} | `acknowledge` {through}: it and all before are done |
| client | `ping` | `pong`: each side closes a connection that stays silent for too long |
| network | `replaced` | none: a newer login has the session; the connection ends |
| network | `error` {reason} | none: the client broke the protocol; the connection ends |

At most WINDOW events are on the way unacknowledged. A connection that ends gives them back: the next login gets them again.
A client's line may have STRANGER_FRAME_BYTES, once it is logged in CLIENT_FRAME_BYTES; the network's MAX_FRAME_BYTES.

What a logged-in client asks for beside this: see `calls`. What a stranger who knows the secret may ask for: to pair and unlink a
session, see `accounts`; by `faults` {secret, ...} that something goes wrong, see `faults`; that something happens, see
`happenings`. An event may come again with the same id and another sequence number, which is acknowledged like any other.
"""

import asyncio
import hmac
from typing import Any, Final

import orjson

from waypost_common.identifiers import SessionId

MAX_FRAME_BYTES: Final = 2 * 1024 * 1024
STRANGER_FRAME_BYTES: Final = 8 * 1024
CLIENT_FRAME_BYTES: Final = 512 * 1024
WINDOW: Final = 256
SESSIONS_PER_PAGE: Final = 500
PING_SECONDS: Final = 10.0
SILENCE_SECONDS: Final = 35.0
CLOSE_SECONDS: Final = 2.0
"""How long the last frames may take to leave; then they are given up."""

Frame = dict[str, Any]


class ProtocolError(Exception):
    """The other side sent what is no frame. The text names no content."""


class ConnectionEndedError(Exception):
    """There is nothing more to say on this connection."""


def encode_frame(frame: Frame) -> bytes:
    """The frame's line. Raises ProtocolError above MAX_FRAME_BYTES."""
    line = orjson.dumps(frame, option=orjson.OPT_APPEND_NEWLINE)
    if len(line) > MAX_FRAME_BYTES:
        raise ProtocolError(f"frame of {len(line)} bytes; at most {MAX_FRAME_BYTES} are allowed")
    return line


def decode_frame(line: bytes) -> Frame:
    """The frame in a line. Raises ProtocolError."""
    if len(line) > MAX_FRAME_BYTES:
        raise ProtocolError(f"frame of {len(line)} bytes; at most {MAX_FRAME_BYTES} are allowed")
    try:
        frame = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ProtocolError("frame is not JSON") from error
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise ProtocolError("frame is not an object with a type")
    return frame


def text_field(frame: Frame, name: str, *, longest: int = 256) -> str:
    """A required, bounded text of a frame. Raises ProtocolError."""
    value = frame.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise ProtocolError(f"{frame['type']} needs {name}, a text of 1 to {longest} characters")
    return value


def optional_text_field(frame: Frame, name: str) -> str | None:
    return None if frame.get(name) is None else text_field(frame, name)


def optional_integer_field(frame: Frame, name: str) -> int | None:
    return None if frame.get(name) is None else integer_field(frame, name)


def integer_field(frame: Frame, name: str) -> int:
    """A required integer of a frame, 0 or more. Raises ProtocolError."""
    value = frame.get(name)
    if type(value) is not int or not 0 <= value < 2**53:
        raise ProtocolError(f"{frame['type']} needs {name}, an integer of 0 or more")
    return value


def device_key(secret: str, session: SessionId) -> str:
    """What a session is logged in with. Whoever knows the seed of a world, but not its secret, cannot tell."""
    return hmac.new(secret.encode(), session.encode(), "sha256").hexdigest()


def is_same_secret(given: str, expected: str) -> bool:
    """Takes as long for a near miss as for any other. (compare_digest raises on text that is not ASCII, so bytes.)"""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


class Frames:
    """A socket as frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.longest = MAX_FRAME_BYTES
        """Bytes of the longest line that is read."""

    async def read(self) -> Frame | None:
        """The next frame, None at the end. Raises ProtocolError, TimeoutError after SILENCE_SECONDS, or OSError."""
        async with asyncio.timeout(SILENCE_SECONDS):
            line = await self._read_line()
        if not line.endswith(b"\n"):
            return None
        return decode_frame(line)

    async def _read_line(self) -> bytes:
        """A line that is longer than the stream's own limit is taken in parts; one cut off by the end as far as it came."""
        parts = bytearray()
        while len(parts) <= self.longest:
            try:
                return bytes(parts + await self._reader.readuntil())
            except asyncio.IncompleteReadError as end:
                return end.partial
            except asyncio.LimitOverrunError as overrun:
                parts += await self._reader.readexactly(overrun.consumed)
        raise ProtocolError("frame over the limit")

    async def write(self, *frames: Frame) -> None:
        """Waits while the other side does not read. Raises OSError."""
        if self._writer.is_closing():
            raise ConnectionResetError("the connection is closed")
        self._writer.writelines([encode_frame(frame) for frame in frames])
        await self._writer.drain()

    def write_now(self, frame: Frame) -> bool:
        """Writes a small frame without waiting. False when the connection is over."""
        if self._writer.is_closing():
            return False
        self._writer.write(encode_frame(frame))
        return True

    def close(self) -> None:
        """Ends the connection, within CLOSE_SECONDS also when the other side does not read. Idempotent."""
        if not self._writer.is_closing():
            self._writer.close()
            asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._writer.transport.abort)


async def open_frames(host: str, port: int) -> Frames:
    """Raises OSError."""
    return Frames(*await asyncio.open_connection(host, port, limit=MAX_FRAME_BYTES))
