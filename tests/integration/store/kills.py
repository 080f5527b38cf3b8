"""Commands that are killed (SIGKILL) between two given steps, and not at whatever moment the machine makes of it."""

import asyncio
import signal
from pathlib import Path

from tests.plugins.pipeline import Pipeline
from tests.processes import Process

PATCH = Path(__file__).with_name("killed_at")


async def run_until_killed(pipeline: Pipeline, *arguments: str, at: str, call: int) -> Process:
    """Runs a program that dies in place of the given call (from 1 on) of `at`, `module:function` or `module:Class.method`."""
    environment = {"PYTHONPATH": str(PATCH), "WAYPOST_TEST_KILLED_AT": f"{at}:{call}"}
    process = pipeline.process(*arguments, **environment)
    process.start()
    assert await asyncio.to_thread(process.wait) == -signal.SIGKILL, process.log
    return process
