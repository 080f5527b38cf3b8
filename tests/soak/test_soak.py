"""`make soak`: a whole system under load, faults at random from a seed, and what must hold looked at all the while."""

import os
import random
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.faults.servers import OwnKafka, OwnMongod
from tests.faults.whole_system import start_whole_system
from tests.plugins.pipeline import Pipeline
from tests.soak.journal import Journal
from tests.soak.run import Soak

MINUTES = int(os.environ.get("WAYPOST_TEST_SOAK_MINUTES") or 0)
SEED = os.environ.get("WAYPOST_TEST_SOAK_SEED") or random.SystemRandom().randrange(1_000_000)
LOG_LINES = 25
DEADLINE_SECONDS = 180.0
"""Of whatever must happen in the end, on a machine that does other things, and with a second fault coming before it."""
SETTINGS = {
    "WAYPOST_KAFKA_SESSION_TIMEOUT_MS": "6000",
    "WAYPOST_COMMANDS_LIVE_DEADLINE_MS": "15000",
    "WAYPOST_STORE_SWEEP_INTERVAL_S": "0.5",
    "WAYPOST_BATCH_MAX_RECORDS": "50",
}
"""So that what was cut ends within a minute."""

pytestmark = [pytest.mark.skipif(not MINUTES, reason="`make soak` runs it"), pytest.mark.timeout(600 + MINUTES * 180)]


@pytest.fixture
def journal(servers_folder: Path, tmp_path: Path) -> Iterator[Journal]:
    """Asked for first: the seed is the first thing that is said, and what is done after it comes after the end of the servers."""
    journal = Journal(int(SEED), MINUTES)
    journal.say(f"seed {journal.seed}, {MINUTES} minutes; again: {journal.how_to_repeat}")
    yield journal
    if journal.has_failed:
        shutil.copytree(servers_folder / tmp_path.name, tmp_path / "servers")
        journal.say(f"what Kafka and mongod held is in {tmp_path / 'servers'}, all logs are in {tmp_path}")
    journal.say(f"this was seed {journal.seed}; again: {journal.how_to_repeat}")


@pytest.fixture
async def soak(
    journal: Journal,
    own_kafka: OwnKafka,
    own_mongod: OwnMongod,
    pipeline: Pipeline,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Soak]:
    monkeypatch.setattr("tests.processes.DEADLINE_SECONDS", DEADLINE_SECONDS)
    network = tmp_path / "network"
    system = await start_whole_system(pipeline, network, "--record-mebibytes", "100000", **SETTINGS)
    async with AsyncExitStack() as stack:
        yield await Soak.prepared(system, own_kafka, own_mongod, journal, tmp_path, stack)


async def test_whatever_breaks_what_must_hold_holds(soak: Soak, journal: Journal, tmp_path: Path) -> None:
    try:
        await soak.run()
    except BaseException as error:
        show_what_led_to_it(error, journal, tmp_path)
        raise


def show_what_led_to_it(error: BaseException, journal: Journal, logs: Path) -> None:
    for log in sorted(logs.glob("*.log")):
        tail = "\n".join(line[:400] for line in log.read_text().splitlines()[-LOG_LINES:])
        print(f"\n--- {log.name}\n{tail}")  # noqa: T201
    journal.has_failed = True
    print("\n", *journal.told, sep="\n")  # noqa: T201
    for one in single(error):
        journal.say(f"FAILED with seed {journal.seed}: {type(one).__name__}: {str(one)[:3_000]}")


def single(error: BaseException) -> Iterator[BaseException]:
    """The errors of a group, and of the groups in it."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from single(one)
    else:
        yield error
