"""One parameter of a query string."""

from typing import Any

from starlette.requests import Request

from waypost_common.errors import ValidationFailedError


def single_parameter(request: Request[Any], name: str) -> str | None:
    """Its value. One that is given twice is refused: whoever stands between may have read the other."""
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise refused_parameter(name, "must be given once")
    return values[0] if values else None


def refused_parameter(name: str, problem: str) -> ValidationFailedError:
    return ValidationFailedError(f"{name} {problem}", fields={name: problem})
