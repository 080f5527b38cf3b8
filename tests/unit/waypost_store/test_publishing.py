"""What the store publishes carries on what came with the command."""

from tests.unit.waypost_store.records import command_json, record

from waypost_common.clock import now_ms
from waypost_common.identifiers import CommandId
from waypost_common.outcomes import Outcome, OutcomeStatus
from waypost_store.commands import event_of_command
from waypost_store.intake import Accepted, read_command
from waypost_store.publishing import event_message, outcome_message

TRAIL = {"request-id": b"req_1", "traceparent": b"00-a-b-01"}


def accepted() -> Accepted:
    read = read_command(record(command_json(), headers=tuple(TRAIL.items())))
    assert isinstance(read, Accepted)
    return read


def test_the_event_of_a_command_goes_on_with_its_request_and_trace() -> None:
    item = accepted()
    event = event_of_command(item.command, now=now_ms(), default_backend="simulated")
    assert TRAIL.items() <= dict(event_message("wa.events", event, item.command, item.trail).headers).items()


def test_so_does_an_outcome_of_the_store() -> None:
    outcome = Outcome(command=CommandId(accepted().command.id), status=OutcomeStatus.REJECTED, at=now_ms())
    assert TRAIL.items() <= dict(outcome_message("wa.outcomes", outcome, accepted().trail).headers).items()
