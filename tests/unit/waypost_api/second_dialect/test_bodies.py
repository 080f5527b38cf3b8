from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost_api.second_dialect.bodies import Fields
from waypost_api.second_dialect.changes import Change
from waypost_api.second_dialect.errors import RequestRefusedError
from waypost_api.second_dialect.operations import OPERATIONS, InstanceOperation
from waypost_common.identifiers import EpochMs

NOW = EpochMs(1_719_662_400_000)
NAMES = st.sampled_from(["number", "mute", "duration", "archive", "pin", "read", "deleteMedia", "other"])
VALUES: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5) | st.just("5511999999999")
BODIES = st.dictionaries(NAMES, VALUES | st.lists(VALUES, max_size=2)).map(orjson.dumps) | st.binary(max_size=30)


def refusal(name: str, body: bytes) -> str:
    (operation,) = [one for one in OPERATIONS if one.name == name]
    with pytest.raises(RequestRefusedError) as refused:
        operation.parse(Fields(body), NOW)
    assert refused.value.status == 400
    return refused.value.message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "Invalid request body: the body is not JSON"),
        (b"{", "Invalid request body: the body is not JSON"),
        (b"[]", "Invalid request body: the body must be a JSON object"),
        (b"null", "Invalid request body: the body must be a JSON object"),
        (b"{}", "Number is required"),
        (b'{"mute": true}', "Number is required"),
        (b'{"number": null, "mute": true}', "Number is required"),
        (b'{"number": "", "mute": true}', "Number is required"),
        (b'{"number": 5511999999999, "mute": true}', "Invalid request body: number must be a string"),
        (b'{"number": "a", "mute": true}', "Invalid number: a"),
        (b'{"number": "1"}', "Invalid request body: mute is required"),
        (b'{"number": "1", "mute": null}', "Invalid request body: mute is required"),
        (b'{"number": "1", "mute": "true"}', "Invalid request body: mute must be true or false"),
        (b'{"number": "1", "mute": 1}', "Invalid request body: mute must be true or false"),
        (b'{"number": "1", "mute": true, "duration": 8}', "Invalid request body: duration must be a string"),
        (b'{"number": "1", "mute": true, "duration": "2h"}', "Invalid duration: 2h"),
    ],
)
def test_the_first_fault_of_a_body_is_told(body: bytes, message: str) -> None:
    assert refusal("mute", body) == message


@pytest.mark.parametrize(("name", "flag"), [("archive", "archive"), ("pin", "pin"), ("markChatRead", "read")])
def test_each_endpoint_requires_its_own_flag(name: str, flag: str) -> None:
    assert refusal(name, b'{"number": "1"}') == f"Invalid request body: {flag} is required"


def test_whether_media_is_deleted_too_need_not_be_said_but_must_be_a_truth_value() -> None:
    assert refusal("deleteChat", b'{"number": "1", "deleteMedia": "yes"}') == (
        "Invalid request body: deleteMedia must be true or false"
    )


@given(operation=st.sampled_from(OPERATIONS), body=BODIES)
def test_every_body_is_a_change_or_refused_with_400(operation: InstanceOperation, body: bytes) -> None:
    change = change_or_refusal(operation, body)
    if isinstance(change, RequestRefusedError):
        assert change.status == 400
        return
    reply = change.reply(change.number)
    assert list(reply)[:3] == ["success", "message", "chat_jid"]
    assert set(reply) == set(operation.answer.__annotations__)


def change_or_refusal(operation: InstanceOperation, body: bytes) -> Change | RequestRefusedError:
    try:
        return operation.parse(Fields(body), NOW)
    except RequestRefusedError as error:
        return error
