"""What a failed bulk write means: there already, to be tried again, or a reason to stop."""

from collections import defaultdict
from typing import Any

import pytest
from pymongo.errors import BulkWriteError, OperationFailure
from tests.unit.waypost_projection.story import Story

from waypost_common.consumption import ConsumptionStoppedError, RetryLaterError
from waypost_projection.storage import ProjectionStorage

THERE = 11_000
MAJORITY = [{"code": 64, "errmsg": "waiting for replication timed out"}]


class FakeCollection:
    """Answers each bulk write with the next of `answers`: codes of failures by index, and errors of the write concern."""

    def __init__(self, *answers: tuple[dict[int, int], list[dict[str, Any]]]) -> None:
        self.answers = list(answers)
        self.written: list[int] = []

    async def bulk_write(self, operations: Any, *, ordered: bool) -> None:
        assert ordered is False
        self.written.append(len(operations))
        codes, concern = self.answers.pop(0)
        if codes or concern:
            failures = [{"index": index, "code": code} for index, code in codes.items()]
            raise BulkWriteError({"writeErrors": failures, "writeConcernErrors": concern})


async def write(*answers: tuple[dict[int, int], list[dict[str, Any]]]) -> list[int]:
    """Writes three chats and returns how many operations each bulk write had."""
    collection: Any = FakeCollection(*answers)
    databases: Any = dict.fromkeys(
        ("sessions", "chats", "messages", "contacts", "groups", "group_members", "channels"), collection
    )
    story = Story()
    story.message("M1")
    await ProjectionStorage(databases, generation=1).write_chats([story.chat] * 3)
    return collection.written  # type: ignore[no-any-return]


async def test_a_write_that_succeeds_is_done_once() -> None:
    assert await write(({}, [])) == [3]


async def test_those_that_are_there_already_are_judged_once_more_by_their_guard() -> None:
    assert await write(({0: THERE, 2: THERE}, []), ({1: THERE}, [])) == [3, 2]


async def test_there_already_beside_an_error_of_the_write_concern_is_not_safe_yet() -> None:
    with pytest.raises(RetryLaterError, match="64"):
        await write(({0: THERE}, MAJORITY))
    with pytest.raises(RetryLaterError, match="64"):
        await write(({}, MAJORITY))


@pytest.mark.parametrize("code", [91, 112, 189, 10107, 11600, 11602, 14031])
async def test_a_server_that_stops_or_steps_down_within_a_bulk_write_is_waited_for(code: int) -> None:
    with pytest.raises(RetryLaterError, match=str(code)):
        await write(({0: THERE, 1: code, 2: 121}, []))


async def test_a_document_that_is_refused_stops_the_consumer() -> None:
    with pytest.raises(ConsumptionStoppedError, match="121"):
        await write(({0: THERE, 1: 121}, MAJORITY))


async def test_a_document_larger_than_mongodb_takes_is_not_tried_for_ever() -> None:
    class Full:
        async def bulk_write(self, operations: Any, *, ordered: bool) -> None:
            raise OperationFailure("BSONObj size is invalid", 10_334)

    databases: Any = defaultdict(Full)
    story = Story()
    story.message("M1")
    with pytest.raises(ConsumptionStoppedError, match="10334"):
        await ProjectionStorage(databases, generation=1).write_chats([story.chat])
