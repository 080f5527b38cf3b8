"""What a soak looks at all the while is seen where it does not hold."""

from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest
from tests.faults.connectors_log import EventLog
from tests.soak.comparison import differences
from tests.soak.invariants import Log, Network, Outcomes, Topic, rises

from waypost_connector.simulated.record import NAME, line_of


class Said:
    """Stands for a topic: gives all that was not read yet."""

    def __init__(self) -> None:
        self.unread: list[Any] = []

    def say(self, **value: Any) -> None:
        self.unread.append(SimpleNamespace(value=orjson.dumps(value)))

    async def new(self) -> list[Any]:
        found, self.unread = self.unread, []
        return found


async def test_two_outcomes_of_a_command_that_contradict_are_seen_also_in_two_looks() -> None:
    said = Said()
    outcomes = Outcomes(cast("Topic", said))
    said.say(command="a", status="succeeded", code=None)
    said.say(command="b", status="rejected", code="not_found")
    await outcomes.look()
    said.say(command="a", status="rejected", code="not_found")
    with pytest.raises(AssertionError, match="outcomes of a that contradict"):
        await outcomes.look()


async def test_the_same_outcome_again_and_one_that_nobody_could_know_contradict_none() -> None:
    said = Said()
    outcomes = Outcomes(cast("Topic", said))
    for status, code in (("unknown", "gateway_unavailable"), ("succeeded", None), ("succeeded", None)):
        said.say(command="a", status=status, code=code)
    await outcomes.look()
    assert outcomes.told.keys() == {"a"}


def test_a_position_may_stay_and_rise_and_not_fall() -> None:
    known: dict[str, int] = {}
    for now in (4, 4, 9):
        rises(known, "chat", now)
    with pytest.raises(AssertionError, match="from 9 to 8"):
        rises(known, "chat", 8)


async def test_a_message_that_was_sent_twice_is_seen_and_one_that_was_refused_first_is_not(tmp_path: Path) -> None:
    network = Network(tmp_path)

    async def called(command: str, outcome: str, operation: str = "message.send") -> None:
        with (tmp_path / NAME).open("ab") as record:
            record.write(line_of("called", command=command, outcome=outcome, operation=operation, session="s"))
        await network.look()

    await called("a", "refused")
    await called("a", "done")
    await called("b", "done", "chat.update")
    await called("b", "done", "chat.update")
    with pytest.raises(AssertionError, match="done twice"):
        await called("a", "done")


async def test_a_fence_that_falls_is_seen() -> None:
    async def nothing_new() -> AsyncIterator[Any]:
        return
        yield

    fallen = SimpleNamespace(records=nothing_new, fallen=[("before", "after")])
    with pytest.raises(AssertionError, match="a fence fell"):
        await Log(cast("EventLog", fallen)).look()


def test_differences_of_two_views_name_documents_and_fields() -> None:
    message = {"id": "m", "body": "x"}
    other: dict[str, Any] = {"pinned": False, "name": None, "messages": []}
    found = {"chats": {"a": {"pinned": True, "name": "A", "messages": [message]}, "b": other}}
    expected = {"chats": {"a": {"pinned": False, "name": "A", "messages": []}, "c": other}}
    assert list(differences(found, expected)) == [
        {
            "kind": "chats",
            "key": "a",
            "pinned": {"stored": True, "modelled": False},
            "messages": {"stored": [message], "modelled": [], "order differs": False},
        },
        {"kind": "chats", "key": "b", "missing in": "the model"},
        {"kind": "chats", "key": "c", "missing in": "MongoDB"},
    ]
