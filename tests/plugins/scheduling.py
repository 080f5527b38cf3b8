"""With `--dist loadgroup`: which tests share a process.

xdist (3.8) tells groups by the end of a test's id, which pytest (9.2) keeps as it was, so that each test is a group of its own
there.
"""

from functools import cache
from pathlib import Path
from typing import Final

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

ROOT: Final = Path(__file__).parents[2]
ONE_SYSTEM: Final = ("tests/end_to_end/live/", "tests/browser/")
"""Folders with one running system."""
CROWDED: Final = "pytest.mark.crowded"
"""In a file whose tests must not run beside such another one."""


class FilesTogether(LoadScopeScheduling):  # type: ignore[misc]
    """The tests of a file share a process, those of a folder with one running system, and the crowded ones."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid.partition("::")[0])


@cache
def group_of(file: str) -> str:
    """Of a file, as the ids of its tests name it."""
    folder = next((folder for folder in ONE_SYSTEM if file.startswith(folder)), None)
    if folder is not None:
        return folder
    return "crowded" if CROWDED in (ROOT / file).read_text(encoding="utf-8") else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScopeScheduling | None:
    return FilesTogether(config, log) if config.getvalue("dist") == "loadgroup" else None
