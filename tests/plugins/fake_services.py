"""Programs of a few lines that stand for services, to try the supervisor on."""

import sys
import textwrap
from pathlib import Path

from waypost_local.plan import ProcessPlan
from waypost_local.ports import free_port

SERVICE = textwrap.dedent(
    """
    import os, signal, sys
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Probe(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ready")

    def end(*_):
        with open(sys.argv[2], "a") as record:
            record.write(sys.argv[1] + "\\n")
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    HTTPServer(("127.0.0.1", int(os.environ["WAYPOST_METRICS_PORT"])), Probe).serve_forever()
    """
)


class FakeServices:
    """Process plans whose programs are a few lines of Python. They note in `stopped` in which order they end."""

    def __init__(self, folder: Path) -> None:
        self.stopped = folder / "stopped"

    def well_behaved(self, name: str) -> ProcessPlan:
        return ProcessPlan(name, (sys.executable, "-c", SERVICE, name, str(self.stopped)), free_port())

    def program(self, name: str, code: str, ready_seconds: float = 10) -> ProcessPlan:
        return ProcessPlan(name, (sys.executable, "-c", code), free_port(), ready_seconds=ready_seconds)
