"""Login tokens: JWTs that the frontend signs for a person."""

import re
from typing import Any, Final

import jwt
from jwt.exceptions import PyJWTError

from waypost_api.authentication.jwks import SigningKeys
from waypost_api.authentication.principal import ROLE_PERMISSIONS, SUPER_ADMIN, Principal
from waypost_api.settings import JwtSettings
from waypost_common.errors import UnauthorizedError
from waypost_common.identifiers import OrganizationId

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
"""Asymmetric only: never `none`, never HMAC, with which a public key would pass for a secret."""
MALFORMED: Final = (PyJWTError, ValueError, TypeError, OverflowError, RecursionError)
"""What PyJWT raises for tokens out of order: times that are infinite and JSON nested deep have errors of their own."""
MAX_TOKEN_LENGTH: Final = 8_192
MAX_SUBJECT_LENGTH: Final = 256
_ORGANIZATION = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


class LoginTokens:
    def __init__(self, keys: SigningKeys, settings: JwtSettings) -> None:
        self._keys = keys
        self._settings = settings

    async def authenticate(self, token: str) -> Principal:
        """Raises UnauthorizedError for any token that is not in order, UnavailableError when its key cannot be fetched."""
        if len(token) > MAX_TOKEN_LENGTH:
            raise UnauthorizedError
        algorithm, kid = _header(token)
        key = await self._keys.find(kid)
        if key is None or key.algorithm_name not in {algorithm, _default_for(algorithm)}:
            raise UnauthorizedError
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[algorithm],
                audience=self._settings.audience,
                issuer=self._settings.issuer,
                leeway=self._settings.leeway_s,
                options={"require": ["exp", "iss", "aud"], "verify_signature": True},
            )
        except MALFORMED as error:
            raise UnauthorizedError from error
        return self._principal(claims)

    def _principal(self, claims: dict[str, Any]) -> Principal:
        role = claims.get(self._settings.role_claim)
        subject = claims.get("sub")
        person = _printable(subject)[:MAX_SUBJECT_LENGTH] if isinstance(subject, str) and subject else "unknown"
        if role == SUPER_ADMIN:
            return Principal(kind="user", id=person, organization=OrganizationId(""), permissions=frozenset(), super_admin=True)
        organization = claims.get(self._settings.organization_claim)
        if not isinstance(organization, str) or not _ORGANIZATION.fullmatch(organization):
            raise UnauthorizedError("the login token names no organization")
        permissions = ROLE_PERMISSIONS.get(role, frozenset()) if isinstance(role, str) else frozenset()
        return Principal(kind="user", id=person, organization=OrganizationId(organization), permissions=permissions)


def _printable(text: str) -> str:
    """Lone surrogates, which JSON allows and UTF-8 does not, and control characters become question marks."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _header(token: str) -> tuple[str, str]:
    try:
        header = jwt.get_unverified_header(token)
    except MALFORMED as error:
        raise UnauthorizedError from error
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS or not isinstance(kid, str) or "crit" in header:
        raise UnauthorizedError
    return algorithm, kid


def _default_for(algorithm: str) -> str:
    """An RSA key that names no algorithm is taken for RS256 by PyJWT; it may serve PS256 as well."""
    return "RS256" if algorithm == "PS256" else algorithm
