"""A session belongs to whom Kafka gave the partition of its commands."""

import pytest
from aiokafka.partitioner import DefaultPartitioner

from waypost_common.identifiers import SessionId, new_session_id
from waypost_connector.assignment import Assignment

COUNT = 32
SESSIONS = [new_session_id() for _ in range(300)]


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def assignment(clock: Clock) -> Assignment:
    return Assignment(session_timeout_s=10, monotonic=clock)


def owned(assignment: Assignment) -> set[SessionId]:
    return {session for session in SESSIONS if assignment.owns(session)}


def test_before_anything_is_assigned_no_session_is_owned(assignment: Assignment) -> None:
    assert owned(assignment) == set()


def test_a_session_is_owned_where_a_producer_puts_its_commands(assignment: Assignment) -> None:
    mine = {1, 5, 30}
    assignment.assigned(mine, count=COUNT)
    everywhere = list(range(COUNT))
    chosen = {session: DefaultPartitioner()(session.encode(), everywhere, everywhere) for session in SESSIONS}
    assert owned(assignment) == {session for session, partition in chosen.items() if partition in mine}


def test_the_members_of_a_group_share_all_sessions_and_none_is_owned_twice() -> None:
    members = [Assignment(session_timeout_s=10) for _ in range(3)]
    for number, member in enumerate(members):
        member.assigned(range(number, COUNT, 3), count=COUNT)
    assert [sum(member.owns(session) for member in members) for session in SESSIONS] == [1] * len(SESSIONS)


def test_while_the_group_rebalances_sessions_are_kept(assignment: Assignment, clock: Clock) -> None:
    assignment.assigned(range(COUNT), count=COUNT)
    assignment.revoked()
    clock.now += 9.9
    assert owned(assignment) == set(SESSIONS)
    assignment.assigned(range(16), count=COUNT)
    clock.now += 60
    assert 0 < len(owned(assignment)) < len(SESSIONS)


def test_without_partitions_for_longer_than_the_session_timeout_no_session_is_owned(assignment: Assignment, clock: Clock) -> None:
    assignment.assigned(range(COUNT), count=COUNT)
    assignment.revoked()
    clock.now += 5
    assignment.revoked()
    clock.now += 5.1
    assert owned(assignment) == set()


def test_a_member_that_is_given_no_partition_owns_no_session(assignment: Assignment) -> None:
    assignment.assigned(range(COUNT), count=COUNT)
    assignment.assigned((), count=COUNT)
    assert owned(assignment) == set()
