"""Each error has the code and status that the HTTP contract gives it."""

import pytest

from waypost_common import errors
from waypost_common.errors import ErrorCode, UnauthorizedError, UnavailableError, ValidationFailedError, WaypostError


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.UnauthorizedError(), 401, ErrorCode.UNAUTHORIZED),
        (errors.ForbiddenError("m"), 403, ErrorCode.FORBIDDEN),
        (errors.NotFoundError("m"), 404, ErrorCode.NOT_FOUND),
        (errors.MethodNotAllowedError("m"), 405, ErrorCode.METHOD_NOT_ALLOWED),
        (errors.ConflictError("m"), 409, ErrorCode.CONFLICT),
        (errors.ValidationFailedError("m"), 400, ErrorCode.VALIDATION_ERROR),
        (errors.ValidationFailedError("m", status=422), 422, ErrorCode.VALIDATION_ERROR),
        (errors.RateLimitedError("m"), 429, ErrorCode.RATE_LIMITED),
        (errors.OperationFailedError("m"), 500, ErrorCode.INTERNAL),
        (errors.UnsupportedOperationError("m"), 501, ErrorCode.NOT_IMPLEMENTED),
        (errors.UnavailableError("m"), 503, ErrorCode.GATEWAY_UNAVAILABLE),
    ],
)
def test_an_error_has_its_status_and_code(error: WaypostError, status: int, code: ErrorCode) -> None:
    assert (error.status, error.code) == (status, code)
    assert str(error) == error.message


def test_an_unauthorized_answer_says_which_scheme_is_taken() -> None:
    assert UnauthorizedError().headers == {"WWW-Authenticate": "Bearer"}


def test_an_unavailable_answer_says_when_to_try_again() -> None:
    assert UnavailableError("m", retry_after=7).headers == {"Retry-After": "7"}


def test_a_validation_error_tells_the_fields_when_there_are_any() -> None:
    assert ValidationFailedError("m", fields={"limit": "too large"}).details == {"fields": {"limit": "too large"}}
    assert ValidationFailedError("m").details is None
