import orjson
import pytest

from waypost_api.events.frames import JsonLines, ServerSentEvents, frames_for
from waypost_common.errors import UnavailableError

SSE, LINES = ServerSentEvents(), JsonLines()


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "application/x-ndjson"),
        ("*/*", "application/x-ndjson"),
        ("application/x-ndjson", "application/x-ndjson"),
        ("text/event-stream", "text/event-stream"),
        ("application/json, Text/Event-Stream;q=0.9", "text/event-stream"),
    ],
)
def test_the_form_is_what_the_client_accepts(accept: str, media_type: str) -> None:
    assert frames_for(accept).media_type == media_type


def test_the_last_event_of_a_burst_carries_the_place_behind_it() -> None:
    assert SSE.events([b'{"a":1}', b'{"b":2}'], "T1") == b'data: {"a":1}\n\nid: T1\ndata: {"b":2}\n\n'
    assert LINES.events([b'{"a":1}', b'{"b":2}'], "T1") == b'{"a":1}\n{"b":2}\n{"event":"ping","cursor":"T1"}\n'


def test_a_sign_of_life_carries_the_place_too_and_is_no_event() -> None:
    assert SSE.heartbeat("T1") == b": ping\nid: T1\n\n"
    assert SSE.heartbeat(None) == b": ping\n\n"
    assert orjson.loads(LINES.heartbeat("T1")) == {"event": "ping", "cursor": "T1"}


def test_the_first_frame_says_how_often_there_is_a_sign_of_life() -> None:
    connected = b'{"event":"connected","heartbeatSeconds":20}'
    assert SSE.connected(20, "T1") == b"retry: 2000\nid: T1\ndata: " + connected + b"\n\n"
    assert SSE.connected(20, None) == b"retry: 2000\ndata: " + connected + b"\n\n"
    assert LINES.connected(20, None) == connected + b"\n"
    assert LINES.connected(20, "T1") == connected + b'\n{"event":"ping","cursor":"T1"}\n'


def test_an_error_in_the_stream_is_like_that_of_an_answer() -> None:
    told = b'{"event":"error","error":{"code":"gateway_unavailable","message":"try again"}}'
    assert SSE.error(UnavailableError("try again")) == b"data: " + told + b"\n\n"
    assert LINES.error(UnavailableError("try again")) == told + b"\n"
