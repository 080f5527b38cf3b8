"""What a service may do by itself during a soak: give up with one line, when its servers were away."""

import asyncio
from pathlib import Path

import pytest
from tests.processes import Process
from tests.soak.journal import Journal
from tests.soak.services import Outages, Service, Watch


def ended(folder: Path, says: str, code: int) -> Service:
    """A process that ended so; started again it stays."""
    stays = folder / "stays"
    program = f"test -e {stays} && exec tail -f /dev/null; touch {stays}; echo '{says}'; exit {code}"
    service = Service("ingest 1", Process(["/bin/sh", "-c", program], {}, folder / "log"))
    service.start()
    service.process.wait()
    return service


async def watched(service: Service, outages: Outages) -> int:
    """How often it was started again, in one look."""
    watch = Watch([service], outages, Journal(seed=1, minutes=1))
    over = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(watch.run(over), name="watch")
            await asyncio.sleep(0)
            over.set()
    finally:
        service.process.end(9)
    return watch.ended_by_themselves


def away() -> Outages:
    outages = Outages()
    outages.begins()
    return outages


async def test_one_that_gives_up_while_its_servers_are_away_is_started_again(tmp_path: Path) -> None:
    assert await watched(ended(tmp_path, "no Kafka answers", 1), away()) == 1


@pytest.mark.parametrize(
    ("says", "code", "outages"),
    [
        ("no Kafka answers", 1, Outages()),
        ("Traceback (most recent call last)", 1, away()),
        ("bye", 0, away()),
        ("bye", 137, away()),
    ],
    ids=["with its servers there", "by a bug", "as if it had been asked to", "with another code"],
)
async def test_one_that_ends_otherwise_fails_the_soak(says: str, code: int, outages: Outages, tmp_path: Path) -> None:
    with pytest.raises(ExceptionGroup):
        await watched(ended(tmp_path, says, code), outages)
