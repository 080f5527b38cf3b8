import json

import pytest
from pymongo.errors import AutoReconnect, OperationFailure, ServerSelectionTimeoutError
from starlette.exceptions import HTTPException

from waypost_api.error_responses import render, to_waypost_error
from waypost_common.errors import UnauthorizedError, ValidationFailedError


@pytest.mark.parametrize("error", [ServerSelectionTimeoutError("host"), AutoReconnect("host"), TimeoutError()])
def test_an_outage_is_503_and_says_when_to_try_again(error: Exception) -> None:
    response = render(to_waypost_error(error))
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert json.loads(bytes(response.body))["error"]["code"] == "gateway_unavailable"


@pytest.mark.parametrize("error", [RuntimeError("secret text"), OperationFailure("secret text"), RecursionError("secret text")])
def test_the_text_of_an_unexpected_error_reaches_neither_caller_nor_log(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    response = render(to_waypost_error(error))
    assert (response.status_code, json.loads(bytes(response.body))["error"]["code"]) == (500, "internal")
    assert b"secret" not in response.body
    assert "secret" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(("status", "code"), [(404, "not_found"), (405, "method_not_allowed"), (400, "validation_error")])
def test_what_routing_refuses_has_the_envelope(status: int, code: str) -> None:
    response = render(to_waypost_error(HTTPException(status)))
    assert (response.status_code, json.loads(bytes(response.body))["error"]["code"]) == (status, code)


def test_401_tells_how_to_authenticate() -> None:
    assert render(UnauthorizedError()).headers["www-authenticate"] == "Bearer"


def test_details_name_the_fields() -> None:
    response = render(ValidationFailedError("malformed", status=422, fields={"a": "must be b"}))
    assert json.loads(bytes(response.body)) == {
        "error": {"code": "validation_error", "message": "malformed", "details": {"fields": {"a": "must be b"}}}
    }
