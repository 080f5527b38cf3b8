"""A line of the table before it is measured. Rows are listed in `benchmarks.rows`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.measurement import Measurement
from benchmarks.workbench import Workbench


@dataclass(frozen=True)
class Row:
    name: str
    """What ROW=... takes."""
    what: str
    measure: Callable[[Workbench], Sequence[Measurement]]
    """Blocks; tells how far it is by `Workbench.tell`."""
