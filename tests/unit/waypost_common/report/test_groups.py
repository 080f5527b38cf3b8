"""What a consumer group has committed, from brokers that are not ready to tell at once."""

from collections.abc import Sequence
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, GroupCoordinatorNotAvailableError, KafkaError
from aiokafka.structs import OffsetAndMetadata

from waypost_common.report import groups
from waypost_common.report.groups import committed_offsets, group_members

PARTITIONS = [TopicPartition("t", number) for number in range(2)]
COMMITTED = {PARTITIONS[0]: OffsetAndMetadata(7, ""), PARTITIONS[1]: OffsetAndMetadata(-1, "")}


class FakeAdmin:
    """Gives these answers, the last one for ever."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    def _answer(self) -> Any:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, KafkaError):
            raise answer
        return answer

    async def list_consumer_group_offsets(self, group_id: str, *, partitions: Sequence[TopicPartition]) -> Any:
        return self._answer()

    async def describe_consumer_groups(self, group_ids: Sequence[str]) -> Any:
        return self._answer()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "BETWEEN_S", 0.0)


async def committed(admin: Any) -> dict[TopicPartition, int | None]:
    return await committed_offsets(admin, "g", PARTITIONS)


async def test_a_partition_without_a_commit_has_none() -> None:
    assert await committed(FakeAdmin(COMMITTED)) == {PARTITIONS[0]: 7, PARTITIONS[1]: None}


async def test_a_coordinator_that_is_still_sought_is_asked_again() -> None:
    assert (await committed(FakeAdmin(GroupCoordinatorNotAvailableError(), COMMITTED)))[PARTITIONS[0]] == 7


async def test_an_answer_that_tells_of_no_partition_is_not_taken_for_no_commit() -> None:
    assert (await committed(FakeAdmin({}, COMMITTED)))[PARTITIONS[0]] == 7


async def test_a_coordinator_that_never_answers_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "COORDINATOR_S", 0.0)
    with pytest.raises(GroupCoordinatorNotAvailableError, match="no broker tells the offsets of group g"):
        await committed(FakeAdmin({}))


async def test_a_refusal_is_not_asked_about_again() -> None:
    admin = FakeAdmin(GroupAuthorizationFailedError("g"), COMMITTED)
    with pytest.raises(GroupAuthorizationFailedError):
        await committed(admin)


async def test_members_are_asked_for_again_while_the_coordinator_is_sought() -> None:
    class Response:
        groups = (("", "g", "", "", "", [object(), object()]),)

    admin: Any = FakeAdmin(GroupCoordinatorNotAvailableError(), [Response])
    assert await group_members(admin, ["g"]) == {"g": 2}
