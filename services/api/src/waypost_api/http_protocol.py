"""uvicorn's HTTP/1.1 with bounds on what a client may keep open or pile up, and every refusal in the envelope."""

import asyncio
import socket
import struct
from typing import Any, Final, Literal, cast

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from waypost_api.error_responses import render
from waypost_api.lingering_close import LINGER_BYTES, LINGER_HEAD_BYTES, LingeringTransport
from waypost_api.middleware import new_request_id
from waypost_api.settings import HttpSettings
from waypost_common.errors import UnavailableError, ValidationFailedError, WaypostError

MAX_HEADERS: Final = 100
MAX_PIPELINED: Final = 16
"""Requests that may wait behind the one under way. More are not answered: the connection closes after these."""
WIRE_FACTOR: Final = 8
"""How many bytes one of a body may take on the wire: in chunks of one byte it takes six."""


class RefusedHeadError(Exception):
    """Raised in a callback of the parser, which then reports an error: the head is not taken."""

    def __init__(self, refusal: WaypostError) -> None:
        super().__init__()
        self.refusal = refusal


class BoundedProtocol(HttpToolsProtocol):
    """A head must arrive in time and may not be long; an answer must be taken in time; bytes that are no HTTP get a 400.

    uvicorn itself has no bound for any of these (read at 0.54): a client that dawdles, or sends headers without end, would
    hold a connection and memory for as long as it likes.
    """

    def __init__(self, *arguments: Any, settings: HttpSettings, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._settings = settings
        self._reading: Literal["head", "body", "nothing"] = "head"
        self._heads = 0
        self._head_bytes = 0
        self._body_bytes = 0
        self._unparsed = 0
        """How many bytes the client may still send behind what was refused."""
        self._ending = False
        """The process ends: nothing is waited for but answers."""
        self._timer: asyncio.TimerHandle | None = None
        """Runs while the client owes the rest of a head, or of a body that is already answered."""
        self._write_timer: asyncio.TimerHandle | None = None
        """Runs while the client does not take what is written to it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._lingering = LingeringTransport(transport, self.loop, self._to_drop)
        super().connection_made(self._lingering)
        self._await_client()
        if len(self.connections) > self._settings.max_connections:
            self._write(UnavailableError("too many connections are open; try again"))
            self._end()  # it is one too many: it may not stay for its client either

    def connection_lost(self, exc: Exception | None) -> None:
        self._lingering.end()
        self._cancel_timer()
        self._cancel_write_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self.transport.is_closing():
            self._lingering.drop(len(data))
            return
        heads = self._heads
        if self._reading == "nothing":
            self._begin_head()
        was_head = self._reading == "head"
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # No other protocol is spoken here, and the parser reads no further.
            self.cycle.keep_alive = False
        except httptools.HttpParserError as error:
            reason = error.__context__
            malformed = ValidationFailedError("the bytes that came are no HTTP request")
            if isinstance(reason, RefusedHeadError):
                self._refuse(reason.refusal, to_drop=LINGER_BYTES)  # a whole head: a body may follow
            else:
                self._refuse(malformed, to_drop=LINGER_HEAD_BYTES)
            return
        if self._reading == "body" and not was_head:
            self._body_bytes += len(data)
            if self._body_bytes > WIRE_FACTOR * self._settings.max_body_bytes:
                self._refuse(ValidationFailedError("the body is too long", status=413), to_drop=LINGER_BYTES)
        elif self._reading == "head":
            # What came with the end of another message is not counted: it is bounded by the size of one read.
            if was_head and heads == self._heads:
                self._head_bytes += len(data)
            if self._head_bytes > self._settings.max_head_bytes:
                self._refuse(_too_long(self._settings.max_head_bytes), to_drop=LINGER_HEAD_BYTES)
            elif self._timer is None:
                self._await_client()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._reading != "head":
            self._begin_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._reading == "head":  # else a trailer, which nobody reads
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._heads += 1
        self._cancel_timer()
        hosts = sum(name == b"host" for name, _ in self.headers)
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > self._settings.max_head_bytes or len(self.headers) > MAX_HEADERS:
            raise RefusedHeadError(_too_long(self._settings.max_head_bytes))
        if len(self.pipeline) >= MAX_PIPELINED:
            raise RefusedHeadError(UnavailableError("too many requests are pipelined; try again"))
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            raise RefusedHeadError(ValidationFailedError("a request has one Host header"))
        super().on_headers_complete()
        self._reading = "body"
        self._body_bytes = 0

    def on_message_complete(self) -> None:
        self._reading = "nothing"
        self._cancel_timer()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self.transport.is_closing():
            self._await_writing()
        elif self._reading == "body" and self._is_answered():
            self._await_client()
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._await_writing()

    def resume_writing(self) -> None:
        self._cancel_write_timer()
        super().resume_writing()
        if self.transport.is_closing():
            self._await_writing()  # for the rest, which nothing else bounds

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._await_writing()

    def shutdown(self) -> None:
        self._ending = True
        if self.transport.is_closing():
            self._lingering.end()
        else:
            super().shutdown()

    def _to_drop(self) -> int:
        """How many bytes the client may still send, so that closing before they came could destroy its answer."""
        if self._ending:
            return 0
        return LINGER_BYTES if self._reading == "body" else self._unparsed

    def _is_answered(self) -> bool:
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is None or cycle.response_complete

    def _begin_head(self) -> None:
        self._reading = "head"
        self._head_bytes = 0

    def _await_client(self) -> None:
        self._cancel_timer()
        self._timer = self.loop.call_later(self._settings.head_timeout_s, self._client_dawdled)

    def _client_dawdled(self) -> None:
        self._timer = None
        if not self._is_answered():
            self._await_client()
        elif self._reading == "head" and self._head_bytes:
            self._write(ValidationFailedError("the request took too long to arrive", status=408))
            self._end()
        else:
            self._end()

    def _await_writing(self) -> None:
        self._cancel_write_timer()
        if self.transport.get_write_buffer_size() > 0:
            self._write_timer = self.loop.call_later(self._settings.write_timeout_s, self._cut)

    def _cut(self) -> None:
        """A reset: what the kernel still holds for the client is dropped too."""
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _refuse(self, refusal: WaypostError, *, to_drop: int) -> None:
        """Answers and closes. What came after a request that is still under way is dropped, and its answer is the last."""
        self._unparsed = to_drop
        if not self._is_answered() and not self._is_of_running_request():
            self.cycle.keep_alive = False
            self.flow.pause_reading()
            return
        if not self._is_answered():
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self._write(refusal)
        elif self._reading == "head":
            self._write(refusal)
        self._close()

    def _is_of_running_request(self) -> bool:
        """Whether what is read now is the body of the request whose answer comes next, and has not begun."""
        return self._reading == "body" and not self.pipeline and not self.cycle.response_started

    def _write(self, refusal: WaypostError) -> None:
        if not self.transport.is_closing():
            response = render(refusal)
            response.headers["connection"] = "close"
            response.headers["x-request-id"] = new_request_id()
            headers = [b"%b: %b\r\n" % header for header in response.raw_headers]
            self.transport.write(b"".join([STATUS_LINE[refusal.status], *headers, b"\r\n", bytes(response.body)]))

    def _close(self) -> None:
        self._cancel_timer()
        self.transport.close()
        self._await_writing()

    def _end(self) -> None:
        """Closes without waiting for what the client may still send."""
        self._cancel_timer()
        self._lingering.end()
        self._await_writing()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _cancel_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None


def _too_long(limit: int) -> ValidationFailedError:
    return ValidationFailedError(
        f"the request's line and headers must not be longer than {limit} bytes or more than {MAX_HEADERS}", status=431
    )
