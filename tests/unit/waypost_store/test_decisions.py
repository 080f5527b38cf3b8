"""Whether a command may start."""

from typing import Any

import pytest
from tests.unit.waypost_store.records import command_json

from waypost_common.claims import SESSION_NOT_FOUND, TOO_LATE, Decision, Finish, Start
from waypost_common.commands import STORE_COMMAND_ADAPTER
from waypost_common.errors import ErrorCode
from waypost_common.identifiers import EpochMs, OrganizationId, SessionId
from waypost_common.outcomes import OutcomeStatus
from waypost_store.decisions import decide
from waypost_store.known_sessions import KnownSession

OWN = {SessionId("S1"): KnownSession(OrganizationId("org_1"))}
ANOTHERS = {SessionId("S1"): KnownSession(OrganizationId("org_2"))}
REMOVED = {SessionId("S1"): KnownSession(OrganizationId("org_1"), removed=True)}
DEADLINE = 1_719_662_410_000


def decided(sessions: dict[SessionId, KnownSession], *, now: int = DEADLINE, **changes: Any) -> Decision:
    command = STORE_COMMAND_ADAPTER.validate_python(command_json(**changes))
    return decide(command, sessions, now=EpochMs(now), backends=("one", "two"))


def test_a_command_for_an_own_session_starts_up_to_its_deadline() -> None:
    assert decided(OWN) == Start()


def test_a_command_past_its_deadline_does_not_start() -> None:
    assert decided(OWN, now=DEADLINE + 1) is TOO_LATE


def test_another_organizations_session_reads_as_none_at_all() -> None:
    assert decided(ANOTHERS) is SESSION_NOT_FOUND
    assert decided({}) is SESSION_NOT_FOUND


def test_a_late_command_for_another_organizations_session_tells_nothing_of_it() -> None:
    assert decided(ANOTHERS, now=DEADLINE + 1) is SESSION_NOT_FOUND


def test_a_session_may_be_created_where_none_is() -> None:
    assert decided({}, command="session.create", payload={}) == Start()


def test_a_session_is_created_on_one_of_the_backends_that_there_are() -> None:
    assert decided({}, command="session.create", payload={"backend": "two"}) == Start()
    refused = decided({}, command="session.create", payload={"backend": "three"})
    assert isinstance(refused, Finish)
    assert (refused.status, refused.code) == (OutcomeStatus.REJECTED, ErrorCode.VALIDATION_ERROR)
    assert refused.message == "there is no such backend; it must be one of one, two"


def test_a_session_of_another_organization_cannot_be_created_over() -> None:
    assert decided(ANOTHERS, command="session.create", payload={}) is SESSION_NOT_FOUND


@pytest.mark.parametrize("command", ["session.start", "session.delete", "session.create"])
def test_a_removed_session_reads_as_none_and_cannot_be_made_again(command: str) -> None:
    assert decided(REMOVED) is SESSION_NOT_FOUND
    assert decided(REMOVED, command=command, payload={}) is SESSION_NOT_FOUND
