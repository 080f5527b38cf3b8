"""Outcomes: the one answer that a command gets."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.unit.waypost_common.samples import COMMAND_ID, NOW

from waypost_common.identifiers import CommandId, EpochMs
from waypost_common.outcomes import (
    OUTCOME_ADAPTER,
    UNFINISHED,
    OperationStatus,
    Outcome,
    OutcomeStatus,
    encode_outcome,
)

JSON_VALUES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20)


@given(
    status=st.sampled_from(OutcomeStatus),
    result=st.none() | st.dictionaries(st.text(max_size=10), JSON_VALUES, max_size=3),
    generation=st.none() | st.integers(1, 9),
    code=st.none() | st.text(max_size=20),
)
def test_an_outcome_comes_out_of_the_log_as_it_went_in(
    status: OutcomeStatus, result: dict[str, object] | None, generation: int | None, code: str | None
) -> None:
    outcome = Outcome(
        command=CommandId(COMMAND_ID), status=status, at=EpochMs(NOW), code=code, result=result, generation=generation
    )
    again = OUTCOME_ADAPTER.validate_json(encode_outcome(outcome))
    assert again.model_dump() == outcome.model_dump()


def test_an_outcome_names_its_schema_and_shows_what_it_lacks_as_null() -> None:
    outcome = Outcome(command=CommandId(COMMAND_ID), status=OutcomeStatus.SUCCEEDED, at=EpochMs(NOW))
    assert json.loads(encode_outcome(outcome)) == {
        "schema": "v1",
        "command": COMMAND_ID,
        "status": "succeeded",
        "at": NOW,
        "code": None,
        "message": None,
        "result": None,
        "generation": None,
        "partition": None,
        "offset": None,
    }


@pytest.mark.parametrize("body", [{"status": "done"}, {"command": "cmd_x"}, {"at": -1}, {"result": []}])
def test_an_outcome_of_another_form_is_refused(body: dict[str, object]) -> None:
    whole = {"command": COMMAND_ID, "status": "succeeded", "at": NOW} | body
    with pytest.raises(ValidationError):
        OUTCOME_ADAPTER.validate_json(json.dumps(whole))


def test_an_operation_is_unfinished_or_has_the_status_of_an_outcome() -> None:
    assert {one.value for one in OperationStatus} == {one.value for one in OutcomeStatus} | {one.value for one in UNFINISHED}
