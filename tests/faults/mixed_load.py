"""Callers of a system under fault, who read and write as users do, and hold every answer against what they were told before."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
from tests.pacing import pause
from tests.processes import eventually

from waypost_common.identifiers import Jid, SessionId

PAUSE_S = 0.05
AGAIN_S = 0.2
FLAGS = ("pinned", "archived")
MAY_FAIL = (501, 503)
"""What the contract has for a session that is not connected, and for what nobody answered in time."""
ENDED = ("succeeded", "unknown", "expired")


@dataclass
class Told:
    """What all callers together were told."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    failures: list[tuple[float, str]] = field(default_factory=list)
    """When, and what, by the monotonic clock, s."""
    sent: set[str] = field(default_factory=set)
    """Operations of messages and channels that were answered with success."""

    def failed(self, what: str) -> None:
        self.failures.append((time.monotonic(), what))

    def failures_since(self, began: float) -> list[str]:
        """`began`: by the monotonic clock, s."""
        return [what for at, what in self.failures if at >= began]


class Caller:
    """One program, with chats of its own in one session, which asks the replicas in turn.

    Each write has an idempotency key, and is asked again, of the other replica, until there is an answer.
    """

    def __init__(
        self, replicas: Sequence[httpx.AsyncClient], session: SessionId, chats: Sequence[Jid], told: Told, seed: int
    ) -> None:
        self._replicas = replicas
        self._session = f"/api/v1/sessions/{session}"
        self._chats = chats
        self._told = told
        self._chance = random.Random(seed)
        self._turn = seed
        self._flags: dict[Jid, dict[str, bool]] = {chat: {} for chat in chats}
        self._texts: dict[Jid, list[str]] = {chat: [] for chat in chats}

    async def run(self, over: asyncio.Event) -> None:
        """Until told that it is over."""
        acts = [self._read_chat, self._read_list, self._read_messages, self._flag, self._flag, self._send, self._create_channel]
        weights = [6, 3, 3, 4, 4, 2, 1]
        while not over.is_set():
            [act] = self._chance.choices(acts, weights)
            await act(self._chance.choice(self._chats))
            await pause(PAUSE_S)

    async def check(self) -> None:
        """Once all is well: what every chat has come to."""
        for chat in self._chats:
            await self._read_chat(chat)
            await self._read_messages(chat)

    async def _read_chat(self, chat: Jid) -> None:
        answer = await self._read(f"/chats/{chat}")
        if answer is not None:
            self._compare(answer)

    async def _read_list(self, _chat: Jid) -> None:
        answer = await self._read("/chats?limit=100")
        if answer is None:
            return
        own = [chat for chat in answer["data"] if chat["jid"] in self._flags]
        assert len(own) == len(self._chats), "a chat is missing from the list"
        for chat in own:
            self._compare(chat)

    def _compare(self, chat: dict[str, Any]) -> None:
        known = self._flags[Jid(chat["jid"])]
        assert {name: chat[name] for name in known} == known

    async def _read_messages(self, chat: Jid) -> None:
        answer = await self._read(f"/chats/{chat}/messages?limit=100")
        if answer is None:
            return
        texts = [message["body"] for message in answer["data"] if message["fromMe"]]
        own = [text for text in texts if text in set(self._texts[chat])]
        assert sorted(own) == sorted(self._texts[chat]), "each message that was answered with success is there, once"

    async def _flag(self, chat: Jid) -> None:
        flag = self._chance.choice(FLAGS)
        wanted = self._chance.random() < 0.5
        self._flags[chat].pop(flag, None)
        answer = await self._write("patch", "PATCH", f"/chats/{chat}", {flag: wanted})
        if answer is not None and answer.status_code == 200:
            assert answer.json()[flag] is wanted, f"{flag} of {chat}, key {answer.request.headers['idempotency-key']}"
            self._flags[chat][flag] = wanted

    async def _send(self, chat: Jid) -> None:
        text = f"text {uuid4().hex}"
        answer = await self._write("send", "POST", "/messages", {"to": chat, "type": "text", "text": text})
        if answer is not None and answer.status_code == 200:
            self._texts[chat].append(text)
            self._told.sent.add(answer.json()["outboxId"])

    async def _create_channel(self, _chat: Jid) -> None:
        answer = await self._write("create channel", "POST", "/channels", {"name": f"Channel {uuid4().hex}"})
        if answer is not None and answer.status_code == 201:
            jid = answer.json()["jid"]
            found = await self._read(f"/channels/{jid}")
            assert found is None or found["jid"] == jid

    async def _read(self, path: str) -> Any:
        """None where there was no answer, which is noted."""
        answer = await self._ask("read", "GET", path)
        return None if answer is None or answer.status_code in MAY_FAIL else answer.json()

    async def _write(self, what: str, method: str, path: str, body: dict[str, Any]) -> httpx.Response | None:
        """The answer in the end. None where it will never be known, or the operation was not carried out."""
        key = uuid4().hex
        ends: list[httpx.Response | None] = []

        async def has_ended() -> bool:
            answer = await self._ask(what, method, path, json=body, headers={"Idempotency-Key": key})
            if answer is not None and answer.status_code not in MAY_FAIL:
                ends.append(answer)
            elif answer is not None and await self._has_ended(answer):
                ends.append(None)
            return bool(ends)

        await eventually(has_ended, f"an answer to {what}", every=AGAIN_S)
        return ends[0]

    async def _has_ended(self, answer: httpx.Response) -> bool:
        """Whether the operation that the answer names ended without a result to be told."""
        operation = (answer.json()["error"].get("details") or {}).get("operation")
        if operation is None:
            return answer.status_code == 501
        found = await self._ask("operation", "GET", f"/api/v1/operations/{operation}")
        return found is not None and found.status_code == 200 and found.json()["status"] in ENDED[1:]

    async def _ask(self, what: str, method: str, path: str, **request: Any) -> httpx.Response | None:
        """None when the connection broke. Fails on every answer that may never be."""
        self._turn += 1
        replica = self._replicas[self._turn % len(self._replicas)]
        address = path if path.startswith("/api") else self._session + path
        try:
            answer = await replica.request(method, address, **request)
        except httpx.TransportError as error:
            self._told.failed(f"{what}: {type(error).__name__}")
            return None
        self._told.answers[what, answer.status_code] += 1
        if answer.status_code in MAY_FAIL:
            self._told.failed(f"{what}: {answer.status_code}")
        else:
            assert answer.is_success, f"{what}: {answer.status_code} {answer.text}"
        return answer
