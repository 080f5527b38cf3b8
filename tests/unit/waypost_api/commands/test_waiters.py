import asyncio
import time

import pytest

from waypost_api.commands.waiters import Waiters
from waypost_api.metrics import Metrics
from waypost_common.identifiers import EpochMs, new_command_id
from waypost_common.outcomes import Outcome, OutcomeStatus

COMMAND = new_command_id()


def outcome(generation: int | None = 1) -> Outcome:
    return Outcome(command=COMMAND, status=OutcomeStatus.SUCCEEDED, at=EpochMs(1), generation=generation)


@pytest.mark.parametrize("generation", [1, None])
async def test_an_outcome_of_the_generation_read_or_of_none_wakes_every_waiter(generation: int | None) -> None:
    waiters = Waiters(Metrics())
    with waiters.register(COMMAND, generation=1) as first, waiters.register(COMMAND, generation=1) as second:
        waiters.resolve(outcome(generation))
        assert (await first, await second) == (outcome(generation), outcome(generation))


async def test_an_outcome_of_another_generation_wakes_nobody() -> None:
    waiters = Waiters(Metrics())
    with waiters.register(COMMAND, generation=1) as waiting:
        waiters.resolve(outcome(2))
        assert not waiting.done()


async def test_a_second_outcome_changes_nothing() -> None:
    waiters = Waiters(Metrics())
    with waiters.register(COMMAND, generation=1) as waiting:
        waiters.resolve(outcome())
        waiters.resolve(outcome(None))
        assert (await waiting).generation == 1


async def test_an_outcome_that_nobody_waits_for_is_let_go() -> None:
    Waiters(Metrics()).resolve(outcome())


async def test_a_waiter_that_is_cancelled_leaves_nothing_behind() -> None:
    metrics = Metrics()
    waiters = Waiters(metrics)

    async def wait() -> None:
        with waiters.register(COMMAND, generation=1) as waiting:
            await waiting

    task = asyncio.get_running_loop().create_task(wait())
    await asyncio.sleep(0)
    assert (len(waiters), waiters.is_awaited(COMMAND)) == (1, True)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (len(waiters), waiters.is_awaited(COMMAND)) == (0, False)
    assert metrics.registry.get_sample_value("waypost_api_waiters") == 0


async def test_the_way_of_an_outcome_to_its_waiter_is_measured_from_when_kafka_had_it() -> None:
    metrics = Metrics()
    waiters = Waiters(metrics)
    with waiters.register(COMMAND, generation=1):
        waiters.resolve(outcome(), written_ms=int(time.time() * 1_000) - 2_000)
    assert (metrics.registry.get_sample_value("waypost_command_hop_seconds_sum", {"hop": "answer"}) or 0) >= 2
