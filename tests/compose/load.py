"""What goes through a composition while its programs are killed, and whether it is there in the end."""

import json
import os
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from tests.events import ALICE, message
from tests.processes import PROGRAMS, wait_until

REQUEST_SECONDS = 60
PATIENCE_S = 180.0
BATCH = 10
PAGE = 100
FAR_FUTURE = 2_000_000_000_000
TOUR = {"session": "tour", "organization": "org_demo"}


class Chat:
    """One chat of the tour, by HTTP."""

    def __init__(self, api: str, key: str) -> None:
        self._address = f"{api}/api/v1/sessions/tour/chats/{ALICE}"
        self._key = key
        self._muted_until = FAR_FUTURE

    def until_changed(self) -> None:
        """Waits for a change to be acknowledged, and to be read back."""
        self._muted_until += 1
        change = {"mutedUntil": self._muted_until}
        wait_until(lambda: self._request("PATCH", change) is not None, "no change goes through", seconds=PATIENCE_S, every=0.2)
        wait_until(self._reads_as_changed, lambda: f"{change} is not read back", seconds=PATIENCE_S, every=0.2)

    def message_ids(self) -> set[str]:
        found: set[str] = set()
        cursor = ""
        while True:
            page = self._request("GET", path=f"/messages?limit={PAGE}{cursor}")
            assert page is not None, "the messages cannot be read"
            found |= {one["waMessageId"] for one in page["data"]}
            if page["nextCursor"] is None:
                return found
            cursor = f"&cursor={page['nextCursor']}"

    def _reads_as_changed(self) -> bool:
        answer = self._request("GET")
        return answer is not None and answer["mutedUntil"] == self._muted_until

    def _request(self, method: str, body: dict[str, int] | None = None, path: str = "") -> dict[str, Any] | None:
        """None where there is no answer, or it is an error."""
        request = urllib.request.Request(
            self._address + path,
            method=method,
            headers={"x-api-key": self._key, "content-type": "application/json"},
            data=None if body is None else json.dumps(body).encode(),
        )
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as answer:
                return dict(json.load(answer))
        except (OSError, ValueError):
            return None


class Messages:
    """Messages of that chat, published from outside the containers, as a connector would."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._environment = os.environ | {"WAYPOST_KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers}
        self._stop = threading.Event()
        self.acknowledged: set[str] = set()

    @contextmanager
    def going_on(self) -> Iterator["Messages"]:
        """In a thread, until the context is left. What Kafka does not take is published again."""
        thread = threading.Thread(target=self._go_on, name="messages")
        thread.start()
        try:
            yield self
        finally:
            self._stop.set()
            thread.join()

    def until_more(self) -> None:
        """Waits until Kafka takes messages that it had not taken before."""
        before = len(self.acknowledged)
        wait_until(lambda: len(self.acknowledged) > before, "Kafka takes no message", seconds=PATIENCE_S, every=0.2)

    def _go_on(self) -> None:
        while not self._stop.is_set():
            ids = [uuid4().hex[:20].upper() for _ in range(BATCH)]
            lines = "".join(message(one, envelope=TOUR).model_dump_json(by_alias=True, exclude_none=True) + "\n" for one in ids)
            while not self._published(lines):
                if self._stop.wait(0.5):
                    return
            self.acknowledged.update(ids)

    def _published(self, lines: str) -> bool:
        command = [str(PROGRAMS / "waypost-connector"), "replay", "-"]
        done = subprocess.run(command, input=lines, env=self._environment, capture_output=True, text=True, check=False)
        return done.returncode == 0
