"""How many arenas the C library's allocator keeps."""

import ctypes
import os
from typing import Final

M_ARENA_MAX: Final = -8
"""Of glibc's <malloc.h>."""
MOST_ARENAS: Final = 2


def limit_malloc_arenas() -> None:
    """Once, at the start of a process, before it has threads. What `MALLOC_ARENA_MAX` says counts instead, where it is set.

    glibc gives threads arenas of their own, 8 for each core, and memory freed in one is not used in another: Motor's threads
    kept 35 MB of ingest's that nobody needed (docs/performance.md). Other C libraries have no such thing.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None and "MALLOC_ARENA_MAX" not in os.environ:
        mallopt(M_ARENA_MAX, MOST_ARENAS)
