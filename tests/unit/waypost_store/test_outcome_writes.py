"""Which of several outcomes holds."""

import pytest

from waypost_common.identifiers import CommandId, EpochMs
from waypost_common.outcomes import Outcome, OutcomeStatus
from waypost_store.outcome_writes import settle

COMMAND = CommandId("cmd_01J9ZX8K2QHV0M3T6R7P4N5W8C")


@pytest.mark.parametrize(
    ("statuses", "held"),
    [
        (["succeeded", "failed"], "succeeded"),
        (["unknown", "succeeded"], "succeeded"),
        (["unknown", "failed", "succeeded"], "failed"),
        (["expired", "unknown"], "expired"),
        (["unknown", "unknown"], "unknown"),
    ],
)
def test_the_first_final_status_wins_but_unknown_yields_once(statuses: list[str], held: str) -> None:
    outcomes = [Outcome(command=COMMAND, status=OutcomeStatus(status), at=EpochMs(at)) for at, status in enumerate(statuses)]
    assert [outcome.status for outcome in settle(outcomes)] == [held]
