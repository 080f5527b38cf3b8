"""The answer that carries a stream: it lasts until the client leaves, may no longer listen, or the process ends."""

import asyncio
import time
from contextlib import ExitStack
from typing import Final

from pymongo.errors import PyMongoError
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from waypost_api.authentication.authenticator import credential
from waypost_api.call import Call
from waypost_api.ending import Ending
from waypost_api.events.frames import Frames
from waypost_api.events.resume_tokens import Positions
from waypost_api.events.stream import EventLog, Stream
from waypost_api.events.wish import Wish
from waypost_common.errors import ForbiddenError, UnauthorizedError, UnavailableError, WaypostError
from waypost_common.identifiers import EpochMs

CHECK_S: Final = 5.0
"""So long a revoked key may still listen."""
UNCHECKED_S: Final = 60.0
"""So long the same while MongoDB is away."""
FAREWELL_S: Final = 1.0
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""The second has nginx pass each event on at once."""

ENDS: Final = UnavailableError("this replica of the gateway ends: connect again with the last id")
CHANGED: Final = ForbiddenError("what this key may do has changed: connect again")
UNCHECKED: Final = UnavailableError("whether this key is still valid cannot be told now: connect again with the last id")


class EventStreamResponse(Response):
    """`held` is closed once it is over, however it ends. Runs once."""

    def __init__(
        self,
        call: Call,
        log: EventLog,
        wish: Wish,
        frames: Frames,
        start: Positions | EpochMs | None,
        *,
        held: ExitStack,
    ) -> None:
        super().__init__(media_type=frames.media_type, headers=HEADERS)
        del self.headers["content-length"]
        self._call = call
        self._log = log
        self._wish = wish
        self._frames = frames
        self._start = start
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # It lasts as long as its client likes, and such answers have a bound of their own.
        scope["waypost.lasting"] = True
        scope["waypost.leave_admission"]()
        with self._held, self._log.metrics.event_streams.track_inprogress():
            await self._stream(receive, send)

    async def _stream(self, receive: Receive, send: Send) -> None:
        async def write(data: bytes) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": True})

        stream = Stream(self._log, self._wish, self._frames, self._start, write)
        ending: Ending = self._call.state["ending"]

        async def client() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            stream.end()

        async def process() -> None:
            await ending.wait()
            stream.end(ENDS)

        async def check() -> None:
            stream.end(await self._lost_credential())

        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        last_words = await stream.run([client(), process(), check()])
        reason = "left" if last_words is None else last_words.code.value
        self._log.metrics.event_streams_ended.labels(reason).inc()
        if last_words is not None:
            # A client that does not read is cut by the server, unless the process ends before.
            async with asyncio.timeout(FAREWELL_S if ending.has_begun else None):
                await write(self._frames.error(last_words))
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _lost_credential(self) -> WaypostError:
        """Returns when the caller may no longer listen."""
        token = credential(self._call.request.headers)
        checked = time.monotonic()
        while True:
            await asyncio.sleep(min(CHECK_S, self._log.settings.heartbeat_s))
            try:
                with self._call.reading():
                    principal = await self._call.state["authenticator"].authenticate(token)
            except UnauthorizedError as error:
                return error
            except (PyMongoError, UnavailableError):
                if time.monotonic() - checked > UNCHECKED_S:
                    return UNCHECKED
                continue
            if principal != self._call.principal:
                return CHANGED
            checked = time.monotonic()
