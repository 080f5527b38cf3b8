"""`python -m benchmarks.connector_sessions`: what sessions cost three connectors, and how soon they work.

Everything runs on the machine at hand: Kafka, mongod, the simulated network, ingest, three connectors.
"""

import argparse
import asyncio
import json
import os
import platform
import re
import resource
import signal
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.faults.connectors import CONNECTORS, Fleet, running_fleet
from tests.faults.connectors_record import Login
from tests.processes import eventually

from benchmarks.servers import Servers, run_servers
from waypost_common.clock import now_ms

ARRIVALS_A_SECOND = 20
WORLD = ("--history", "20", "--rate", str(ARRIVALS_A_SECOND))
LEAST_SESSIONS = 3
"""What the network has at least of them; memory is compared with that of connectors which serve so few."""
KIBIBYTES_A_MEBIBYTE = 1_024
WAITING = re.compile(r"^waypost_network_queued_events (\S+)$", re.MULTILINE)
VICTIM = CONNECTORS[0]


@dataclass(frozen=True)
class Figures:
    """Times from the start, or the kill, to the last login that the network recorded."""

    sessions: int
    resident_mebibytes: float
    """Of the three connectors together."""
    kibibytes_a_session: float
    work_after_start_ms: int
    moved_sessions: int
    work_elsewhere_after_kill_ms: int
    work_again_after_kill_and_start_ms: int


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.connector_sessions",
        description="Measures three connectors: memory per session, time until all sessions work after a start and a kill.",
        epilog="example: python -m benchmarks.connector_sessions --sessions 100 1000 --json figures.json",
    )
    parser.add_argument("--sessions", type=int, nargs="+", default=[100, 1_000], metavar="N", help="default: 100 1000")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    arguments = parser.parse_args()
    with run_servers() as servers:
        without = asyncio.run(_measure_without(servers))
        measured = [asdict(asyncio.run(_measure(servers, sessions, without))) for sessions in arguments.sessions]
    figures: dict[str, Any] = {
        "runs": measured,
        "resident_mebibytes_without_sessions": round(without, 1),
        "connectors": len(CONNECTORS),
        "cores": os.cpu_count() or 0,
        "python": platform.python_version(),
    }
    _print(measured)
    print(json.dumps(figures, indent=2))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


async def _measure(servers: Servers, sessions: int, resident_without: float) -> Figures:
    async with _fleet(servers, sessions) as fleet:
        after_start = _last(fleet.record.logins) - fleet.started_at
        resident = await _resident_mebibytes(fleet)
        again = await _kill_and_start(fleet)
        moved, elsewhere = await _kill(fleet)
        more = (resident - resident_without) * KIBIBYTES_A_MEBIBYTE / (sessions - LEAST_SESSIONS)
        return Figures(sessions, round(resident, 1), round(more, 1), after_start, moved, elsewhere, again)


async def _measure_without(servers: Servers) -> float:
    async with _fleet(servers, LEAST_SESSIONS) as fleet:
        return await _resident_mebibytes(fleet)


@asynccontextmanager
async def _fleet(servers: Servers, sessions: int) -> AsyncIterator[Fleet]:
    """Settled for the first time."""
    print(f"{sessions} sessions ...", flush=True)
    with tempfile.TemporaryDirectory(dir=servers.folder) as folder:
        address, mongo = servers.bootstrap_servers, servers.mongo_url
        async with running_fleet(address, mongo, Path(folder), *WORLD, sessions=sessions) as fleet:
            await fleet.settled()
            yield fleet


async def _kill(fleet: Fleet) -> tuple[int, int]:
    """How many sessions moved, and when the last of them worked elsewhere."""
    its, since, killed_at = fleet.sessions_of(VICTIM), len(fleet.record.logins), now_ms()
    fleet.connectors[VICTIM].end(signal.SIGKILL)
    taken = await fleet.until_taken(its, VICTIM, since)
    return len(its), _last(taken.values()) - killed_at


async def _kill_and_start(fleet: Fleet) -> int:
    its, since, killed_at = fleet.sessions_of(VICTIM), len(fleet.record.logins), now_ms()
    fleet.connectors[VICTIM].end(signal.SIGKILL)
    fleet.connectors[VICTIM].start()
    await fleet.settled(its, since)
    return _last(fleet.record.logins[since:]) - killed_at


def _last(logins: Iterable[Login]) -> int:
    return max(login.at for login in logins)


async def _resident_mebibytes(fleet: Fleet) -> float:
    """Of the three connectors together, once all that came with the first logins is acknowledged."""

    async def little_waits() -> bool:
        found = WAITING.search((await asyncio.to_thread(fleet.network.probe, "/metrics"))[1])
        return found is not None and float(found[1]) <= ARRIVALS_A_SECOND

    await eventually(little_waits, "everything that came with the logins is acknowledged")
    return sum(_resident_pages(one.pid) for one in fleet.connectors.values()) * resource.getpagesize() / 2**20


def _resident_pages(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1])


def _print(runs: list[dict[str, float]]) -> None:
    print()
    for name in runs[0]:
        print(f"{name.replace('_', ' '):40}", *(f"{run[name]:>12,.0f}" for run in runs))
    print()


if __name__ == "__main__":
    main()
