"""What happens, as it happens: the stream of events."""

from contextlib import ExitStack
from typing import Final

from starlette.responses import Response

from waypost_api.call import Call
from waypost_api.events.frames import JsonLines, ServerSentEvents, frames_for
from waypost_api.events.response import ENDS, HEADERS, EventStreamResponse
from waypost_api.events.resume_tokens import Positions
from waypost_api.events.wish import ALL, event_names, wish_of
from waypost_api.lookups import find_session_named
from waypost_api.operation import EVENTS, Operation, QueryParameter, Tag
from waypost_api.single_parameter import refused_parameter, single_parameter
from waypost_common.events import EVENT_TYPES
from waypost_common.identifiers import FOREVER, EpochMs

FOLLOWED_WITHIN_S: Final = 5.0


async def stream_events(call: Call) -> Response:
    request, log = call.request, call.state["event_log"]
    wanted = single_parameter(request, "session")
    session = None
    if wanted:
        with call.reading():
            session = (await find_session_named(call, wanted)).document["session"]
    named = single_parameter(request, "events")
    wish = wish_of(call.principal, session, event_names(named), by_name=bool(named) and ALL not in str(named))
    frames = frames_for(request.headers.get("accept", ""))
    start = _start(call)
    if call.state["ending"].has_begun:
        raise ENDS
    organization = call.principal.organization
    if request.method == "HEAD":
        return Response(media_type=frames.media_type, headers=HEADERS)
    with ExitStack() as held:
        held.enter_context(call.state["open_streams"].one(organization))
        held.enter_context(log.live.listening())
        await log.live.followed(within_s=FOLLOWED_WITHIN_S)
        return EventStreamResponse(call, log, wish, frames, start, held=held.pop_all())


def _start(call: Call) -> Positions | EpochMs | None:
    """`Last-Event-ID` is what a browser adds to the address that it was given at first, so it is the newer one."""
    text = call.request.headers.get("last-event-id") or single_parameter(call.request, "since")
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) <= len(str(FOREVER)):
        if int(text) > FOREVER:
            raise refused_parameter("since", "must be the id of an event, or a time in epoch milliseconds")
        return EpochMs(int(text))
    return call.state["event_log"].tokens.decode(call.principal.organization, text)


OPERATIONS: Final = (
    Operation(
        id="streamEvents", method="GET", path="/events", title="Follow events as they happen", tag=Tag.EVENTS,
        capabilities=EVENTS, handler=stream_events, waits=True, lasts=True, errors=(400, 404, 429),
        other_media=(ServerSentEvents.media_type, JsonLines.media_type),
        query=(
            QueryParameter("events", f"Names with commas between, or `*` (the default): {', '.join(EVENT_TYPES)}.",
                           {"type": "string", "default": ALL}),
            QueryParameter("session", "Those of one session alone.", {"type": "string"}),
            QueryParameter("since", "Begin behind this place: an `id` (or `cursor`) of this stream, or a time in epoch "
                           "milliseconds. The header `Last-Event-ID` does the same and comes first.", {"type": "string"}),
        ),
        description="Does not end by itself. With `Accept: text/event-stream` Server-Sent Events, else an envelope a line. "
        "docs/live-events.md tells the frames, and how to go on where a connection broke.",
    ),
)  # fmt: skip
