"""What the services of a whole run must have kept to themselves: in logs, metrics and traces."""

import asyncio
import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from tests.plugins.collector import Collector
from tests.processes import Process

SHORTEST: Final = 8
"""Texts that are shorter may stand in a log by chance: `Hello`, a number."""
ALWAYS: Final = {
    "an API key": re.compile(r"\bwa_[A-Za-z0-9_-]{40,}"),
    "a login token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+\."),
    "a password in a URL": re.compile(r"://[^/\s:@]+:[^/\s@]+@"),
}


async def told_secrets(processes: Collection[Process], collector: Collector, secrets: Collection[str]) -> list[str]:
    """Where something was told: which output, and which kind of secret. `secrets`: message texts, codes and keys of the run."""
    running = [process for process in processes if process.is_running]
    scraped = await asyncio.gather(*(asyncio.to_thread(process.probe, "/metrics") for process in running))
    outputs = {f"log of {number} {process.name}": process.log for number, process in enumerate(processes)}
    outputs |= {f"metrics of {process.pid} {process.name}": text for process, (_, text) in zip(running, scraped, strict=True)}
    outputs["traces"] = b"".join(collector.bodies).decode("utf-8", "replace")
    return await asyncio.to_thread(found, outputs, secrets)


def found(outputs: Mapping[str, str], secrets: Collection[str]) -> list[str]:
    """Raises AssertionError where nothing is looked at, or looked for. What was told is not repeated but in its first letters."""
    assert outputs
    assert all(text for place, text in outputs.items() if place.startswith(("metrics", "traces"))), "nothing told at all"
    wanted = {form: secret for secret in secrets if len(secret) >= SHORTEST for form in forms(secret)}
    assert wanted, "nothing to look for"
    return sorted(
        f"{place}: {what}"
        for place, text in outputs.items()
        for what in (
            *(name for name, shape in ALWAYS.items() if shape.search(text)),
            *{f"{secret[:SHORTEST]}…" for form, secret in wanted.items() if form in text},
        )
    )


def forms(secret: str) -> set[str]:
    """As it stands in a text, in JSON, in JSON that keeps to ASCII, and in what Python says of it."""
    in_json = {json.dumps(secret, ensure_ascii=ascii_alone)[1:-1] for ascii_alone in (True, False)}
    return {secret, repr(secret)[1:-1], *in_json}


def texts_of(event: Any) -> Iterator[str]:
    """What was written or shown to somebody in an event: messages as they were sent and edited, codes that pair a phone."""
    payload = event["payload"]
    yield from (payload[name] for name in ("body", "code") if payload.get(name))
