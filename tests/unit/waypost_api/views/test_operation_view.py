from typing import Any

import pytest

from waypost_api.views.operations import operation_view
from waypost_common.outcomes import OperationStatus


def view(status: str, code: str | None = None) -> Any:
    operation: Any = {
        "_id": "cmd_1", "command": "chat.update", "session": "mine", "status": status, "createdAt": 1, "finishedAt": None,
        "result": None, "push": None, "code": code, "message": None,
    }  # fmt: skip
    return operation_view(operation)


@pytest.mark.parametrize("status", ["pending", "started"])
def test_what_an_executor_has_claimed_is_still_pending(status: str) -> None:
    assert (view(status)["status"], view(status)["error"]) == ("pending", None)


@pytest.mark.parametrize("status", [status.value for status in OperationStatus if status not in {"pending", "started"}])
def test_every_end_but_success_tells_an_error(status: str) -> None:
    told = view(status)
    assert told["status"] == status
    assert (told["error"] is None) is (status == "succeeded")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("failed", "internal"), ("not_supported", "not_implemented"), ("expired", "gateway_unavailable"),
        ("unknown", "gateway_unavailable"),
    ],
)  # fmt: skip
def test_an_outcome_without_a_code_is_told_by_the_code_that_its_request_was_answered_with(status: str, code: str) -> None:
    assert view(status)["error"] == {"code": code, "message": None}
    assert view(status, "conflict")["error"] == {"code": "conflict", "message": None}
