"""Python runs this before any program whose PYTHONPATH names this folder: the program's clock is wrong, as a file says.

The file is named like the program, in the folder WAYPOST_TEST_CLOCKS, and holds nanoseconds, which may change at any time
(`tests.faults.clocks`). Only the time of day is shifted: no machine's monotonic clock jumps.
"""

import mmap
import os
import struct
import sys
import time
from pathlib import Path

_shift_file = Path(os.environ["WAYPOST_TEST_CLOCKS"], Path(sys.orig_argv[1]).name)
_right_time_ns = time.time_ns

if _shift_file.exists():
    with _shift_file.open("rb") as opened:
        _shift = mmap.mmap(opened.fileno(), 8, access=mmap.ACCESS_READ)

    def _wrong_time_ns() -> int:
        return _right_time_ns() + int(struct.unpack_from("<q", _shift)[0])

    time.time_ns = _wrong_time_ns
    time.time = lambda: _wrong_time_ns() / 1e9
