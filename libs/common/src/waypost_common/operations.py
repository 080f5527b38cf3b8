"""The record of a command, as it begins."""

from datetime import UTC, datetime, timedelta

from waypost_common.commands import CommandEnvelope
from waypost_common.documents import OperationDocument
from waypost_common.identifiers import EpochMs
from waypost_common.outcomes import OperationStatus


def new_operation(command: CommandEnvelope, *, now: EpochMs, keep_days: int) -> OperationDocument:
    """Pending, and removed by MongoDB so many days from now."""
    return {
        "_id": command.id,
        "organization": command.organization,
        "session": command.session,
        "command": command.command,
        "status": OperationStatus.PENDING.value,
        "createdAt": command.issued_at,
        "deadline": command.deadline,
        "finishedAt": None,
        "result": None,
        "code": None,
        "message": None,
        "push": None,
        "requestHash": "",
        "expiresAt": datetime.fromtimestamp(now / 1_000, UTC) + timedelta(days=keep_days),
    }
