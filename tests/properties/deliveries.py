"""What happens to a history on its way into documents, step by step, and the comparison with the model after each step."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.properties.projection import Copy
from tests.properties.reference import Record, ReferenceModel
from tests.properties.reference.delivery import History
from tests.properties.unreliable import Delay, Outage
from waypost_common.consumption import RetryLaterError
from waypost_projection.applied import CommandOutcome

LONGEST_WAIT_S = 30
MOST_TROUBLES = 6
MOST_CALLS = 8
"""Of reads and writes of one batch: after the last of these it is done, or nearly."""
CHATS = "chats"
"""Written last: without them, all else of a batch is there and not yet counted."""


@dataclass(frozen=True)
class Batch:
    """A batch that is written as it should be."""

    records: History


@dataclass(frozen=True)
class Broken:
    """A batch during which MongoDB goes away, or the process dies: from one write on only a share comes to pass."""

    records: History
    at_write: int | str
    share: float


@dataclass(frozen=True)
class Overtaken:
    """A batch of a reader that lost its partitions without knowing: from some call on it goes on only `steps_later`."""

    records: History
    at_call: int | None
    steps_later: int


Step = Batch | Broken | Overtaken


@dataclass(frozen=True, kw_only=True)
class Delivery:
    copy: Copy
    steps: Sequence[Step]
    restarts: bool = True
    """Whether each batch has a writer that has just started: then nothing can live in memory alone."""


def assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """One document at a time, so that a failure names it."""
    for family, documents in expected.items():
        assert found[family].keys() == documents.keys(), family
        for key, document in documents.items():
            assert found[family][key] == document, f"{family} {key}"


def plain(batches: Sequence[History]) -> list[Step]:
    return [Batch(records) for records in batches]


def with_troubles(history: History, data: st.DataObject) -> list[Step]:
    """Batches of one to six records, some cut short by an outage and tried again in other batches, some overtaken."""
    writes: st.SearchStrategy[int | str] = st.sampled_from([0, 1, 2, 3, CHATS, CHATS])
    steps: list[Step] = []
    reached = troubles = 0
    while reached < len(history):
        end = reached + data.draw(st.integers(1, 6))
        match data.draw(st.sampled_from(["none", "outage", "overtaken"])) if troubles < MOST_TROUBLES else "none":
            case "outage":
                steps.append(Broken(history[reached:end], data.draw(writes), data.draw(st.sampled_from([0.0, 0.5, 1.0]))))
                troubles += 1
            case "overtaken":
                # It may have been further behind, but never further ahead.
                begin = max(0, reached - data.draw(st.integers(0, 4)))
                steps.append(Overtaken(history[begin:end], data.draw(st.integers(0, 8)), data.draw(st.integers(1, 3))))
                troubles += 1
            case _:
                steps.append(Batch(history[reached:end]))
                reached = end
    return steps


def interrupted_at_every_point(history: History) -> list[list[Step]]:
    """Every stretch of the history is begun by a writer that is then overtaken, and by one that is cut off before its last
    write; then the history goes on from where that stretch began. And every beginning of it is written while one who read
    further waits to write.
    """
    ends = range(1, len(history) + 1)
    interrupted: list[list[Step]] = [
        [
            *plain([history[:start]] if start else []),
            Overtaken(history[start:end], None, 3),
            Broken(history[start:end], CHATS, 0.0),
            Batch(history[start:]),
        ]
        for end in ends
        for start in range(end)
    ]
    ahead: list[list[Step]] = [
        [Overtaken(history[:end], None, 1), Batch(history[:cut]), Batch(history[cut:])] for end in ends for cut in range(1, end)
    ]
    return interrupted + ahead


def overtaken_at_every_call(history: History) -> list[list[Step]]:
    """One who has the whole history at hand, and has read of the documents what its first `calls` calls showed, goes on when
    the history has been written up to some place; then that is written on.
    """
    return [
        [
            *plain([history[:begin]] if begin else []),
            Overtaken(history, calls, 1),
            Batch(history[begin:reached]),
            Batch(history[reached:]),
        ]
        for begin in range(len(history) - 1)
        for reached in range(begin + 1, len(history))
        for calls in range(MOST_CALLS)
    ]


async def deliver_all(deliveries: Mapping[str, Delivery]) -> None:
    """All of them side by side; a failure names the delivery."""

    async def one(name: str, delivery: Delivery) -> None:
        try:
            await deliver(delivery)
        except AssertionError as error:
            error.add_note(f"delivered {name}")
            raise

    async with asyncio.TaskGroup() as tasks:
        for name, delivery in deliveries.items():
            tasks.create_task(one(name, delivery), name=name)


async def deliver(delivery: Delivery) -> None:
    """Takes every step, and compares outcomes and what readers see with the model after each, where the model can answer:
    when no event has been begun by an interrupted or overtaken writer that has not been delivered in whole.
    """
    copy = delivery.copy
    model = ReferenceModel()
    begun: set[tuple[int, int]] = set()
    done: set[tuple[int, int]] = set()
    delayed: list[tuple[int, Delay, asyncio.Task[Any]]] = []
    writer = copy.writer()
    async with asyncio.timeout(LONGEST_WAIT_S), asyncio.TaskGroup() as tasks:
        for number, step in enumerate(delivery.steps):
            begun |= _places(step.records)
            writer = copy.writer() if delivery.restarts else writer
            match step:
                case Batch(records):
                    _assert_same_outcomes(await copy.apply(records, writer), model, records)
                    done |= _places(records)
                case Broken(records):
                    await _broken(copy, step)
                case Overtaken(records):
                    delay = Delay(step.at_call)
                    late = copy.troubled_writer(delay)
                    task = tasks.create_task(_until_done(copy, records, late, delay), name="overtaken writer")
                    await delay.reached.wait()
                    delayed.append((number + step.steps_later, delay, task))
            delayed = await _let_go(delayed, number)
            if begun <= done:
                assert_same(await copy.view(), model.view())
        await _let_go(delayed, None)
    assert_same(await copy.view(), model.view())


def _assert_same_outcomes(outcomes: Iterable[CommandOutcome], model: ReferenceModel, records: History) -> None:
    """Has the model take the records, and compares what it says of their commands. One that its key no longer remembers
    has an outcome again too, whatever it says: the first one counts (rule R6).
    """
    expected: Counter[tuple[int, int, str, str]] = Counter()
    forgotten: Counter[tuple[int, int]] = Counter()
    for record in records:
        if model.apply(record) is None:
            continue
        outcome = model.remembered(record)
        if outcome is None:
            forgotten[record.partition, record.offset] += 1
        else:
            expected[record.partition, record.offset, outcome["command"], outcome["status"]] += 1
    found: Counter[tuple[int, int, str, str]] = Counter(
        (one.logged.partition, one.logged.offset, one.command.id, one.status.value) for one in outcomes
    )
    assert not expected - found, f"no such outcome: {expected - found}, but {found - expected}"
    others = Counter[tuple[int, int]]()
    for (partition, offset, *_), times in (found - expected).items():
        others[partition, offset] += times
    assert others == forgotten, f"outcomes: {found - expected}"


def _places(records: History) -> set[tuple[int, int]]:
    return {(record.partition, record.offset) for record in records}


async def _broken(copy: Copy, step: Broken) -> None:
    writer = copy.troubled_writer(Outage(step.at_write, step.share))
    with suppress(RetryLaterError):  # raised unless the batch has fewer writes
        await copy.apply(step.records, writer)


async def _until_done(copy: Copy, records: Sequence[Record], writer: Any, delay: Delay) -> None:
    await copy.apply(records, writer)
    delay.reached.set()


async def _let_go(
    delayed: list[tuple[int, Delay, "asyncio.Task[Any]"]], reached: int | None
) -> list[tuple[int, Delay, "asyncio.Task[Any]"]]:
    """Lets those go on whose time has come (all, at the end), one after the other; returns the others."""
    waiting = []
    for due, delay, task in delayed:
        if reached is None or due <= reached:
            delay.over.set()
            await task
        else:
            waiting.append((due, delay, task))
    return waiting
