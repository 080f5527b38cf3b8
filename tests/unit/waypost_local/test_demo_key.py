import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from waypost_local.demo_key import DEMO_PERMISSIONS, is_enough


@contextmanager
def api(status: int, permissions: list[str]) -> Iterator[int]:
    """The port of one that says of every key that it may do this."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps({"permissions": permissions}).encode())

        def log_message(self, *_arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "permissions", "enough"),
    [
        (200, sorted(DEMO_PERMISSIONS), True),
        (200, ["read", "send", "manage", "events"], False),
        (401, [], False),
        (503, [], True),
    ],
)
def test_a_key_is_kept_unless_the_api_refuses_it_or_it_may_do_too_little(
    status: int, permissions: list[str], enough: bool
) -> None:
    with api(status, permissions) as port:
        assert is_enough(port, "wa_old") is enough
