"""PyMongo's asyncio client beside Motor, in every row that reads or writes documents."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from benchmarks.measurement import Measurement
from benchmarks.row import Row
from benchmarks.rows.change import change_chats
from benchmarks.rows.ingest import run_ingest
from benchmarks.rows.list_chats import open_listing
from benchmarks.rows.paging import measure_pages
from benchmarks.rows.readable import until_readable
from benchmarks.rows.rebuild import run_rebuild
from benchmarks.samples import alternate, percentile
from benchmarks.workbench import LONG_TAIL, MESSAGES, MOTOR, PYMONGO, SPREAD, Workbench


def _measure(bench: Workbench) -> list[Measurement]:
    smallest = bench.scale.page_sizes[:1]

    def ingest(history: str, driver: str) -> list[float]:
        return [run_ingest(bench, history, driver=driver).events_per_second]

    def live_and_rebuilt(driver: str) -> list[float]:
        runs = run_rebuild(bench, driver=driver)
        return [runs.live.events_per_second, runs.rebuilt.events_per_second]

    def pages(driver: str) -> list[float]:
        took = measure_pages(bench, driver=driver, sizes=smallest)
        return [percentile([one for times in took.values() for one in times], 50)]

    measured = [
        *_beside_motor(bench, "events/s", [f"ingest, {LONG_TAIL}", "rebuild"], live_and_rebuilt),
        *_beside_motor(bench, "events/s", [f"ingest, {SPREAD}"], partial(ingest, SPREAD)),
        *_beside_motor(bench, "events/s", [f"ingest, {MESSAGES}"], partial(ingest, MESSAGES)),
        *_beside_motor(
            bench,
            "ms",
            ["event to readable, median"],
            lambda driver: [percentile(until_readable(bench, driver=driver).readable, 50)],
        ),
        *_beside_motor(bench, "ms", ["PATCH chat, median"], lambda driver: [percentile(change_chats(bench, driver=driver), 50)]),
        *_beside_motor(bench, "ms", [f"pages of {smallest[0]:,}, median"], pages),
    ]
    with open_listing(bench) as listing:
        measured += _beside_motor(bench, "requests/s", ["listChats, 16 clients"], lambda driver: [listing.of_api(driver=driver)])
    return measured


def _beside_motor(
    bench: Workbench, unit: str, names: Sequence[str], run: Callable[[str], Sequence[float]]
) -> Iterator[Measurement]:
    """`run` gives a figure for each name."""
    pairs = alternate(bench.scale.rounds, reference=lambda: run(MOTOR), ours=lambda: run(PYMONGO))
    for place, name in enumerate(names):
        yield Measurement(
            row=ROW.name,
            what=f"{name}: PyMongo",
            unit=unit,
            ours=[figures[place] for figures in pairs.ours],
            reference=[figures[place] for figures in pairs.reference],
            reference_name="Motor",
        )


ROW = Row("drivers", "PyMongo's asyncio client beside Motor", _measure)
