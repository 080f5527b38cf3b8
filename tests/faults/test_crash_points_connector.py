"""A connector is killed between any two of its steps: nothing is done twice at WhatsApp, nothing that it told is lost."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
from tests.faults.connectors_record import NetworkRecord
from tests.faults.crashes import SHORT_SESSION, cases, start_again, start_to_crash, until_killed_at
from tests.faults.figures import Figures
from tests.faults.history import Verdict, assert_as_if_nothing_had_happened
from tests.integration.connector.live.conftest import Live, running_system
from tests.processes import eventually

pytestmark = pytest.mark.slow

ARRIVALS = 1_000
WORLD = ("--rate", "0", "--events", str(ARRIVALS))
UNKNOWN: Verdict = ("unknown", "gateway_unavailable")
SUCCEEDED: Verdict = ("succeeded", None)


@pytest.fixture
async def live(kafka_server: str, mongod_server: str, tmp_path: Path) -> AsyncIterator[Live]:
    async with running_system(kafka_server, mongod_server, tmp_path, *WORLD, sessions=2, **SHORT_SESSION) as system:
        yield Live(system)


@pytest.mark.parametrize(
    ("at", "calls", "verdict"),
    [
        (at, calls, verdict)
        for at, calls, verdict in (
            ("connector.after_claim:1", 0, UNKNOWN),
            ("connector.after_call:1", 1, UNKNOWN),
            ("connector.after_publish:1", 1, SUCCEEDED),
        )
        if at in cases("connector.after_call:1", others=["connector.after_claim:1", "connector.after_publish:1"])
    ],
)
async def test_a_send_that_was_cut_is_never_made_again_and_has_one_outcome(
    live: Live, figures: Figures, at: str, calls: int, verdict: Verdict
) -> None:
    start_to_crash(live.connector, at)
    await live.until_status(live.cast.session, "working")
    command = await live.send()
    await until_killed_at(live.connector, at)
    with figures.until("the connector is started again, until the next message is sent"):
        start_again(live.connector)
        after = await live.send("the next one")  # it is carried out after whatever becomes of the first
        await live.outcome(after)
    await live.outcome(command)
    assert len(live.calls(command)) == calls
    await assert_all_is_told(live, {command.id: verdict, after.id: SUCCEEDED})


@pytest.mark.parametrize("at", cases(others=["connector.before_acknowledge:1", "connector.before_acknowledge:5"]))
async def test_what_was_published_but_not_acknowledged_comes_again_and_changes_nothing(
    live: Live, figures: Figures, at: str
) -> None:
    network = NetworkRecord(live.folder / "network")
    start_to_crash(live.connector, at)
    await until_killed_at(live.connector, at)
    acknowledged = len(network.read().acknowledged)
    with figures.until("the connector is started again, until it takes what arrives"):
        start_again(live.connector)
        await eventually(lambda: len(network.read().acknowledged) > acknowledged, lambda: f"more\n{live.connector.log[-3_000:]}")
    await assert_all_is_told(live, {})
    copies = Counter(orjson.loads(record.value)["id"] for record in await live.pipeline.read_all())
    assert max(copies.values()) > 1


async def assert_all_is_told(live: Live, others: dict[str, Verdict]) -> None:
    """Waits for the last arrival, and ends the connector: all that WhatsApp was told of is on the topic, and applied."""
    record = NetworkRecord(live.folder / "network")

    def all_acknowledged() -> bool:
        return len(record.read().acknowledged) >= ARRIVALS

    await eventually(all_acknowledged, lambda: f"all acknowledged\n{live.connector.log[-3_000:]}")
    assert await asyncio.to_thread(live.connector.end) == 0
    published = {orjson.loads(one.value)["id"] for one in await live.pipeline.read_all()}
    assert record.read().acknowledged.keys() <= published
    await assert_as_if_nothing_had_happened(live.pipeline, others)
