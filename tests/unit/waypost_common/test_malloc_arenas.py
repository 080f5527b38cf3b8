"""A process has few arenas, however many threads allocate."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from waypost_common.malloc_arenas import MOST_ARENAS

THREADS = 8
ALLOCATE_AND_TELL = """
import ctypes, sys, threading
from waypost_common.malloc_arenas import limit_malloc_arenas

limit_malloc_arenas()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
all_at_once = threading.Barrier(int(sys.argv[2]))

def allocate():
    all_at_once.wait()
    libc.malloc(100_000)
    all_at_once.wait()

threads = [threading.Thread(target=allocate) for _ in range(int(sys.argv[2]))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
file = ctypes.c_void_p(libc.fopen(sys.argv[1].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


def _arenas(folder: Path, **environment: str) -> int:
    told = folder / "malloc.xml"
    kept = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    subprocess.run(
        [sys.executable, "-c", ALLOCATE_AND_TELL, str(told), str(THREADS)],
        env=kept | environment,
        check=True,
        timeout=30,
    )
    return told.read_text().count("<heap nr=")


pytestmark = pytest.mark.skipif("CS_GNU_LIBC_VERSION" not in os.confstr_names, reason="not glibc")


def test_threads_share_two_arenas(tmp_path: Path) -> None:
    assert _arenas(tmp_path) == MOST_ARENAS


def test_an_operator_may_say_how_many(tmp_path: Path) -> None:
    assert _arenas(tmp_path, MALLOC_ARENA_MAX="5") == 5
