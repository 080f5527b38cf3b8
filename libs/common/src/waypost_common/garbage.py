"""How often Python looks for cyclic garbage."""

import gc
from typing import Final

THRESHOLDS: Final = (50_000, 20, 100)


def collect_seldom() -> None:
    """Once, at the start of a process, when all is imported.

    A batch makes tens of thousands of objects that live until it is stored, none of them in a cycle. Python's default looks
    through them after every 700, over and over, which took 30% of ingest's time (docs/performance.md).
    """
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
