"""What Linux says of a running process: CPU time and resident memory."""

import os
import resource
from collections.abc import Iterable
from pathlib import Path
from typing import Final

MEGABYTE: Final = 1_000_000


def cpu_seconds(pid: int) -> float:
    """User and system time since its start, of all its threads, to a hundredth of a second."""
    # The program's name in parentheses may hold anything (man proc_pid_stat).
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_seconds_of_all(pids: Iterable[int]) -> float:
    return sum(cpu_seconds(pid) for pid in pids)


def resident_megabytes(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / MEGABYTE
