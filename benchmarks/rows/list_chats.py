"""listChats of 50 by 16 clients at once, beside a bare route of Starlette that gives the same list."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.http_load import ClosedLoop, chats_of
from benchmarks.measurement import Measurement, ratio_of
from benchmarks.row import Row
from benchmarks.samples import alternate
from benchmarks.seeding import add_session
from benchmarks.service import Service
from benchmarks.system import System, new_system
from benchmarks.workbench import DRIVER_VARIABLE, Workbench

WANTED = 0.9
CHATS = 1_000
PAGE = 50
CLIENTS = 16
WARM_UP_SECONDS = 1.0


class Listing:
    """A session with chats, which programs can be asked for."""

    def __init__(self, bench: Workbench, system: System) -> None:
        self._bench = bench
        self._system = system
        session, _ = add_session(system, self._bench.seed, chats=CHATS)
        self._target = f"{chats_of(session)}?limit={PAGE}"
        self._key_file = self._write_key()

    def of_api(self, *, driver: str | None = None) -> float:
        """Requests a second that one process of our API answers."""

        def run() -> float:
            environment = {} if driver is None else {DRIVER_VARIABLE: driver}
            return self._ask("listChats", self._system.service("waypost-api", **environment), Service.until_ready)

        return self._bench.take("list-chats", run, driver=driver)

    def of_bare_route(self) -> float:
        arguments = ("--port", str(self._system.http_port), "--organization", self._bench.seed.organization)
        program = self._system.program("benchmarks.programs.bare_route", *arguments)
        return self._ask("bare route", program, lambda program: program.until_answered(self._system.http_port, self._target))

    def _ask(self, name: str, program: Service, wait: Callable[[Service], float]) -> float:
        port, target = self._system.http_port, self._target
        with program:
            wait(program)
            seconds = self._bench.scale.clients_seconds
            loop = ClosedLoop(port, self._key_file, [target], clients=CLIENTS, warm_up=WARM_UP_SECONDS, seconds=seconds)
            answered = loop.wait()
        if answered.errors:
            raise RuntimeError(f"{name}: {answered.errors} of {answered.answers} requests failed")
        self._bench.tell(f"{name}: {answered.per_second:,.0f} requests/s")
        return answered.per_second

    def _write_key(self) -> Path:
        path = self._bench.servers.folder / f"{self._system.settings.mongo.database}.key"
        path.write_text(self._system.api_key(self._bench.seed.organization))
        return path


@contextmanager
def open_listing(bench: Workbench) -> Iterator[Listing]:
    with new_system(bench.servers) as system:
        yield Listing(bench, system)


def _measure(bench: Workbench) -> list[Measurement]:
    with open_listing(bench) as listing:
        pairs = alternate(bench.scale.rounds, reference=listing.of_bare_route, ours=listing.of_api)
    return [
        Measurement(
            row=ROW.name,
            what=f"listChats of {PAGE}, {CLIENTS} clients, one process",
            unit="requests/s",
            ours=pairs.ours,
            reference=pairs.reference,
            reference_name="bare route of Starlette",
            wanted=ratio_of(WANTED),
        )
    ]


ROW = Row("list-chats", "listChats by 16 clients", _measure)
