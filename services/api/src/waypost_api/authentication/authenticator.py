"""Finds the credential of a request, and whose it is."""

from typing import Final

from starlette.datastructures import Headers

from waypost_api.authentication.api_keys import ApiKeys
from waypost_api.authentication.jwt import LoginTokens
from waypost_api.authentication.principal import Principal
from waypost_common.api_keys import looks_like_api_key
from waypost_common.errors import UnauthorizedError

_BEARER: Final = "bearer"


class Authenticator:
    def __init__(self, api_keys: ApiKeys, login_tokens: LoginTokens | None) -> None:
        self._api_keys = api_keys
        self._login_tokens = login_tokens

    async def authenticate(self, token: str) -> Principal:
        """Raises UnauthorizedError unless the token is in order."""
        if looks_like_api_key(token):
            return await self._api_keys.authenticate(token)
        if self._login_tokens is None:
            raise UnauthorizedError
        return await self._login_tokens.authenticate(token)


def credential(headers: Headers) -> str:
    """The token of a request. Raises UnauthorizedError without one; `Authorization` comes before `x-api-key`."""
    token = bearer_token(headers)
    if token is not None:
        return token
    key = headers.get("x-api-key", "").strip()
    if looks_like_api_key(key):
        return key
    raise UnauthorizedError


def bearer_token(headers: Headers) -> str | None:
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    return (token.strip() or None) if scheme.lower() == _BEARER else None
