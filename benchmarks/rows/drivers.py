"""PyMongo's asyncio client beside Motor, in every row that reads or writes documents."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from benchmarks.measurement import Measurement
from benchmarks.row import Row
from benchmarks.rows.change import change_chats
from benchmarks.rows.ingest import run_ingest
from benchmarks.rows.list_chats import open_listing
from benchmarks.rows.paging import measure_pages
from benchmarks.rows.readable import until_readable
from benchmarks.rows.rebuild import run_rebuild
from benchmarks.samples import alternate, percentile
from benchmarks.workbench import LONG_TAIL, MESSAGES, SPREAD, Workbench

MOTOR: Final = "motor"
PYMONGO: Final = "pymongo"
DRIVER_VARIABLE: Final = "WAYPOST_MONGO_DRIVER"


def _measure(bench: Workbench) -> list[Measurement]:
    smallest = bench.scale.page_sizes[:1]

    def pages(driver: str) -> float:
        took = measure_pages(bench, driver=driver, sizes=smallest)
        return percentile([one for times in took.values() for one in times], 50)

    def ingest(history: str, driver: str) -> float:
        return run_ingest(bench, history, driver=driver).events_per_second

    figures: list[tuple[str, str, Callable[[str], float]]] = [
        *((f"ingest, {history}", "events/s", partial(ingest, history)) for history in (LONG_TAIL, SPREAD, MESSAGES)),
        ("rebuild", "events/s", lambda driver: run_rebuild(bench, driver=driver).rebuilt.events_per_second),
        ("event to readable, median", "ms", lambda driver: percentile(until_readable(bench, driver=driver), 50)),
        ("PATCH chat, median", "ms", lambda driver: percentile(change_chats(bench, driver=driver), 50)),
        (f"pages of {smallest[0]:,}, median", "ms", pages),
    ]
    measured = [_beside_motor(bench, *figure) for figure in figures]
    with open_listing(bench) as listing:

        def clients(driver: str) -> float:
            return listing.of_api(**{DRIVER_VARIABLE: driver})

        measured.append(_beside_motor(bench, "listChats, 16 clients", "requests/s", clients))
    return measured


def _beside_motor(bench: Workbench, what: str, unit: str, run: Callable[[str], float]) -> Measurement:
    pairs = alternate(bench.scale.rounds, reference=lambda: run(MOTOR), ours=lambda: run(PYMONGO))
    ours: Sequence[float] = pairs.ours
    return Measurement(
        row=ROW.name, what=f"{what}: PyMongo", unit=unit, ours=ours, reference=pairs.reference, reference_name="Motor"
    )


ROW = Row("drivers", "PyMongo's asyncio client beside Motor", _measure)
