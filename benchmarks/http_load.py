"""Requests to an API from outside it."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from waypost_local.ports import LOOPBACK

TIMEOUT_SECONDS: Final = 60.0
ENDING_SECONDS: Final = 120.0


def chats_of(session: str, jid: str | None = None) -> str:
    """The path of a session's chats, or of one of them."""
    return f"/api/v1/sessions/{quote(session)}/chats" + ("" if jid is None else f"/{quote(jid, safe='')}")


class Client:
    """One connection, one request after another."""

    def __init__(self, port: int, key: str) -> None:
        self._connection = http.client.HTTPConnection(LOOPBACK, port, timeout=TIMEOUT_SECONDS)
        self._headers = {"x-api-key": key, "Content-Type": "application/json"}

    def ask(self, method: str, target: str, body: dict[str, Any] | None = None) -> tuple[float, dict[str, Any]]:
        """Milliseconds until the whole answer was there, and the answer. Raises RuntimeError for any status but 2xx."""
        data = None if body is None else json.dumps(body)
        started = time.perf_counter()
        self._connection.request(method, target, body=data, headers=self._headers)
        response = self._connection.getresponse()
        text = response.read()
        took = (time.perf_counter() - started) * 1_000
        if not 200 <= response.status < 300:
            raise RuntimeError(f"{method} {target.partition('?')[0]} was answered {response.status}: {text[:300].decode()}")
        return took, json.loads(text)

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True)
class Answered:
    answers: int
    errors: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.answers / self.seconds


class ClosedLoop:
    """Clients in a process of their own, each asking as soon as it is answered. Started by making it."""

    def __init__(
        self, port: int, key_file: Path, targets: Sequence[str], *, clients: int, warm_up: float, seconds: float,
        method: str = "GET", body: str = "", status: str = "200",
    ) -> None:  # fmt: skip
        command = [
            *(sys.executable, "-m", "benchmarks.programs.closed_loop", "--port", str(port), "--key-file", str(key_file)),
            *("--clients", str(clients), "--warm-up", str(warm_up), "--seconds", str(seconds)),
            *("--method", method, "--body", body, "--status", status, *targets),
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1])
        self._longest = warm_up + seconds + ENDING_SECONDS

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self) -> Answered:
        """Blocks until it has ended. Raises RuntimeError where it failed, or nothing was answered."""
        try:
            output, _ = self._process.communicate(timeout=self._longest)
        finally:
            self.kill()
        if self._process.returncode != 0:
            raise RuntimeError("the clients failed: their error is above")
        told = json.loads(output)
        if not told["answers"]:
            raise RuntimeError(f"no request was answered in {told['seconds']:.1f} s, and {told['errors']} failed")
        return Answered(told["answers"], told["errors"], told["seconds"])

    def kill(self) -> None:
        """Does nothing when it has ended."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
