"""Whether a command may start."""

from typing import Any

from tests.unit.waypost_store.records import command_json

from waypost_common.claims import SESSION_NOT_FOUND, TOO_LATE, Decision, Start
from waypost_common.commands import STORE_COMMAND_ADAPTER
from waypost_common.identifiers import EpochMs, OrganizationId, SessionId
from waypost_store.decisions import decide

OWN = {SessionId("S1"): OrganizationId("org_1")}
ANOTHERS = {SessionId("S1"): OrganizationId("org_2")}
DEADLINE = 1_719_662_410_000


def decided(owners: dict[SessionId, OrganizationId], *, now: int = DEADLINE, **changes: Any) -> Decision:
    return decide(STORE_COMMAND_ADAPTER.validate_python(command_json(**changes)), owners, now=EpochMs(now))


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


def test_a_session_of_another_organization_cannot_be_created_over() -> None:
    assert decided(ANOTHERS, command="session.create", payload={}) is SESSION_NOT_FOUND
