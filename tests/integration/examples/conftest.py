"""The examples as their readers run them: programs of their own, beside the real services."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

EXAMPLES = Path(__file__).parents[3] / "examples"


async def run_example(
    name: str, *arguments: str, environment: Iterable[tuple[str, str]] = ()
) -> subprocess.CompletedProcess[str]:
    """One that ends by itself."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("WAYPOST_")}
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    return await asyncio.to_thread(
        subprocess.run,
        command,
        env=inherited | dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
