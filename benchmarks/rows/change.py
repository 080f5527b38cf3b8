"""PATCH of a chat until its answer: through the command topic, the store, the log and ingest, and read back."""

from benchmarks.http_load import Client, chats_of
from benchmarks.measurement import Measurement, up_to
from benchmarks.row import Row
from benchmarks.samples import percentile
from benchmarks.seeding import add_session
from benchmarks.system import new_system
from benchmarks.workbench import Workbench

MEDIAN_MS, HIGH_MS = 15, 50
CHATS = 50
WARM_UP = 10


def change_chats(bench: Workbench, *, driver: str | None = None) -> list[float]:
    """Milliseconds of each change, one after another, nothing else going on."""
    return bench.take("change", lambda: _change_chats(bench, driver), driver=driver)


def _change_chats(bench: Workbench, driver: str | None) -> list[float]:
    with new_system(bench.servers, driver=driver) as system:
        session, _ = add_session(system, bench.seed, chats=CHATS)
        key = system.api_key(bench.seed.organization)
        with system.running("waypost-store", "waypost-ingest", "waypost-api"):
            client = Client(system.http_port, key)
            _, found = client.ask("GET", f"{chats_of(session)}?limit={CHATS}")
            jids = [chat["jid"] for chat in found["data"]]
            took = []
            for number in range(WARM_UP + bench.scale.changes):
                target = chats_of(session, jids[number % len(jids)])
                took.append(client.ask("PATCH", target, {"pinned": number // len(jids) % 2 == 0})[0])
            client.close()
    measured = took[WARM_UP:]
    bench.tell(f"PATCH: median {percentile(measured, 50):.1f} ms, 99th {percentile(measured, 99):.1f} ms")
    return measured


def _measure(bench: Workbench) -> list[Measurement]:
    runs = [change_chats(bench) for _ in range(bench.scale.rounds)]
    return [
        Measurement(
            row=ROW.name,
            what=f"PATCH chat, {name}",
            unit="ms",
            ours=[percentile(run, percent) for run in runs],
            wanted=up_to(bound),
        )
        for name, percent, bound in (("median", 50, MEDIAN_MS), ("99th percentile", 99, HIGH_MS))
    ]


ROW = Row("change", "PATCH of a chat until its answer", _measure)
