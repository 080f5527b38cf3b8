"""What the services of a whole run must have kept to themselves: in logs, metrics and traces."""

import asyncio
import re
from collections.abc import Collection
from typing import Final

from tests.plugins.collector import Collector
from tests.processes import Process

SHORTEST: Final = 12
"""Texts that are shorter may stand in a log by chance: `Hello`, a number."""
ALWAYS: Final = {
    "an API key": re.compile(r"\bwa_[A-Za-z0-9_-]{40,}"),
    "a login token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+\."),
    "a password in a URL": re.compile(r"://[^/\s:@]+:[^/\s@]+@"),
}


async def told_secrets(processes: Collection[Process], collector: Collector, texts: Collection[str]) -> list[str]:
    """Where something was told: which output, and which kind of secret. `texts`: message texts and keys of the run."""
    running = [process for process in processes if process.is_running]
    scraped = await asyncio.gather(*(asyncio.to_thread(process.probe, "/metrics") for process in running))
    told = {f"log of {process.name}": process.log for process in processes}
    told |= {f"metrics of {process.name}": text for process, (_, text) in zip(running, scraped, strict=True)}
    told["traces"] = b"".join(collector.bodies).decode("latin-1")
    assert all(text for place, text in told.items() if place.startswith("metrics")), "nothing scraped"
    secrets = {text for text in texts if len(text) >= SHORTEST}
    assert secrets, "nothing to look for"
    return [
        f"{place}: {kind}"
        for place, text in told.items()
        for kind in (*(name for name, shape in ALWAYS.items() if shape.search(text)), *(one for one in secrets if one in text))
    ]
