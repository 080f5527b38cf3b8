import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.utils import base64url_encode

from waypost_api.authentication.jwks import SigningKeys, parse_jwks
from waypost_api.authentication.jwt import LoginTokens
from waypost_api.metrics import Metrics
from waypost_api.settings import JwtSettings
from waypost_common.api_keys import Permission
from waypost_common.errors import UnauthorizedError, UnavailableError

RSA_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()
STRANGER = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
SETTINGS = JwtSettings(jwks_url="http://127.0.0.1/jwks", issuer="https://login", audience="waypost", leeway_s=0)


def jwk(kid: str, key: Any, **others: Any) -> dict[str, Any]:
    algorithm = {"RSAPublicKey": RSAAlgorithm, "ECPublicKey": ECAlgorithm}.get(type(key.public_key()).__name__, OKPAlgorithm)
    return {**json.loads(algorithm.to_jwk(key.public_key())), "kid": kid, **others}  # type: ignore[attr-defined]


JWKS = {"keys": [jwk("rsa", RSA_KEY, use="sig"), jwk("ec", EC_KEY), jwk("ed", ED_KEY, alg="EdDSA")]}


class Frontend:
    """Plays the JWKS address."""

    def __init__(self, jwks: Any = JWKS) -> None:
        self.jwks = jwks
        self.up = True
        self.fetches = 0
        self.now = 1_000.0

    async def fetch(self) -> bytes:
        self.fetches += 1
        if not self.up:
            raise httpx.ConnectError("down")
        return json.dumps(self.jwks).encode()

    def tokens(self) -> LoginTokens:
        return LoginTokens(SigningKeys(self.fetch, SETTINGS, Metrics(), monotonic=lambda: self.now), SETTINGS)


def claims(**others: Any) -> dict[str, Any]:
    soon = int(time.time()) + 60
    told = {
        "iss": "https://login",
        "aud": "waypost",
        "exp": soon,
        "sub": "user_1",
        "org_id": "org_1",
        "role": "member",
    }
    return {name: value for name, value in {**told, **others}.items() if value is not None}


def token(key: Any = RSA_KEY, algorithm: str | None = "RS256", kid: str | None = "rsa", **others: Any) -> str:
    return jwt.encode(claims(**others), key, algorithm=algorithm, headers={"kid": kid} if kid else None)


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"),
    [(RSA_KEY, "RS256", "rsa"), (RSA_KEY, "PS256", "rsa"), (EC_KEY, "ES256", "ec"), (ED_KEY, "EdDSA", "ed")],
)
async def test_a_token_signed_with_a_published_key_is_taken(key: Any, algorithm: str, kid: str) -> None:
    principal = await Frontend().tokens().authenticate(token(key, algorithm, kid))
    assert (principal.kind, principal.id, principal.organization) == ("user", "user_1", "org_1")


@pytest.mark.parametrize(
    ("role", "permissions"),
    [
        ("owner", {"read", "send", "manage", "events"}), ("admin", {"read", "send", "manage", "events"}),
        ("member", {"read", "send"}), ("visitor", set()), (["owner"], set()), (None, set()),
    ],
)  # fmt: skip
async def test_a_role_gives_its_permissions_and_never_the_operators(role: Any, permissions: set[str]) -> None:
    principal = await Frontend().tokens().authenticate(token(role=role))
    assert principal.permissions == {Permission(name) for name in permissions}
    assert not principal.super_admin


async def test_a_super_admin_has_no_permission_in_any_organization() -> None:
    principal = await Frontend().tokens().authenticate(token(role="super_admin"))
    assert (principal.super_admin, principal.organization, principal.permissions) == (True, "", frozenset())


def hmac_with_the_public_key() -> str:
    public = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header, body = (part for part in token().split(".")[:2])
    forged = base64url_encode(json.dumps({"alg": "HS256", "kid": "rsa"}).encode()).decode()
    mac = hmac.digest(public, f"{forged}.{body}".encode(), hashlib.sha256)
    assert header != forged
    return f"{forged}.{body}.{base64url_encode(mac).decode()}"


def encoded(part: bytes) -> str:
    return base64url_encode(part).decode()


def forged(header: dict[str, Any]) -> str:
    """A header of the attacker's choice over claims in order, signed by somebody else."""
    body = token().split(".")[1]
    unsigned = f"{encoded(json.dumps(header).encode())}.{body}"
    return f"{unsigned}.{encoded(STRANGER.sign(unsigned.encode(), PKCS1v15(), SHA256()))}"


def signed(payload: bytes) -> str:
    """By the frontend itself, whatever the payload is."""
    unsigned = f"{encoded(json.dumps({'alg': 'RS256', 'kid': 'rsa'}).encode())}.{encoded(payload)}"
    return f"{unsigned}.{encoded(RSA_KEY.sign(unsigned.encode(), PKCS1v15(), SHA256()))}"


@pytest.mark.parametrize(
    "make",
    [
        lambda: token(STRANGER),
        lambda: token(None, "none"),
        hmac_with_the_public_key,
        lambda: token(RSA_KEY, "RS512"),
        lambda: token(RSA_KEY, "RS256", "ec"),
        lambda: token(EC_KEY, "ES256", "rsa"),
        lambda: token(kid=None),
        lambda: token(exp=int(time.time()) - 1),
        lambda: token(exp=None),
        lambda: token(iss=None),
        lambda: token(iss="https://other"),
        lambda: token(aud=None),
        lambda: token(aud="other"),
        lambda: token(nbf=int(time.time()) + 600),
        lambda: token(exp=float("inf")),
        lambda: token(exp="soon"),
        lambda: token(exp={}),
        lambda: token(nbf=float("inf")),
        lambda: token(iat=int(time.time()) + 600),
        lambda: token(aud=["other", None]),
        lambda: signed(json.dumps({**claims(), "iss": ["https://login"]}).encode()),
        lambda: forged({"alg": "RS256", "kid": "../../etc/passwd"}),
        lambda: forged({"alg": "RS256", "kid": "' or 1=1 --"}),
        lambda: forged({"alg": "RS256", "kid": "\ud800"}),
        lambda: forged({"alg": "RS256", "kid": ["rsa"]}),
        lambda: forged({"alg": ["RS256"], "kid": "rsa"}),
        lambda: forged({"alg": "none", "kid": "rsa"}),
        lambda: forged({"alg": "nOnE", "kid": "rsa"}),
        lambda: forged({"alg": "RS256", "kid": "rsa", "crit": ["b64"], "b64": False}),
        lambda: forged({"alg": "RS256", "kid": "rsa", "b64": False}),
        lambda: forged({"alg": "RS256", "jku": "http://evil/jwks", "x5u": "http://evil", "kid": "rsa"}),
        lambda: forged({"alg": "RS256", "kid": "rsa", "jwk": jwk("rsa", STRANGER)}),
        lambda: encoded(b"[" * 5_000) + ".e30.e30",
        lambda: encoded(b'{"alg":"RS256","alg":"none","kid":"rsa"}') + ".e30.",
        lambda: signed(b"[" * 5_000),
        lambda: signed(b"[]"),
        lambda: signed(b"\xff"),
        lambda: token(org_id=None),
        lambda: token(org_id=7),
        lambda: token(org_id="a|b"),
        lambda: token()[:-4],
        lambda: token().replace(".", "", 1),
        lambda: "",
        lambda: "a.b.c",
        lambda: "é.é.é",
        lambda: "x" * 100_000,
    ],
)
async def test_a_token_out_of_order_is_refused(make: Callable[[], str]) -> None:
    with pytest.raises(UnauthorizedError):
        await Frontend().tokens().authenticate(make())


async def test_nobody_is_named_by_what_cannot_be_written_down() -> None:
    principal = await Frontend().tokens().authenticate(token(sub="a\ud800\n\0b"))
    assert principal.actor().id == "a???b"


@pytest.mark.parametrize(("leeway_s", "taken"), [(0, False), (30, True)])
async def test_the_leeway_forgives_a_clock_that_differs(leeway_s: int, taken: bool) -> None:
    settings = SETTINGS.model_copy(update={"leeway_s": leeway_s})
    tokens = LoginTokens(SigningKeys(Frontend().fetch, settings, Metrics()), settings)
    for late in (token(exp=int(time.time()) - 10), token(nbf=int(time.time()) + 10)):
        if taken:
            assert (await tokens.authenticate(late)).id == "user_1"
        else:
            with pytest.raises(UnauthorizedError):
                await tokens.authenticate(late)


async def test_an_unknown_kid_fetches_the_keys_again_but_not_in_a_flood() -> None:
    frontend = Frontend({"keys": []})
    tokens = frontend.tokens()
    for _ in range(10):
        with pytest.raises(UnauthorizedError):
            await tokens.authenticate(token())
    assert frontend.fetches == 1
    frontend.jwks, frontend.now = JWKS, frontend.now + SETTINGS.refetch_interval_s
    assert (await tokens.authenticate(token())).organization == "org_1"
    assert frontend.fetches == 2


async def test_known_keys_go_on_while_the_frontend_is_down_and_unknown_ones_are_503() -> None:
    frontend = Frontend({"keys": [jwk("rsa", RSA_KEY)]})
    tokens = frontend.tokens()
    await tokens.authenticate(token())
    frontend.up, frontend.now = False, frontend.now + SETTINGS.max_age_s + 1
    assert (await tokens.authenticate(token())).organization == "org_1"
    with pytest.raises(UnavailableError):
        await tokens.authenticate(token(EC_KEY, "ES256", "ec"))


async def test_known_keys_are_503_once_the_frontend_is_down_for_too_long_and_go_on_when_it_is_back() -> None:
    frontend = Frontend()
    tokens = frontend.tokens()
    await tokens.authenticate(token())
    frontend.up, frontend.now = False, frontend.now + SETTINGS.max_age_s + SETTINGS.outage_s
    assert (await tokens.authenticate(token())).organization == "org_1"
    frontend.now += 1
    with pytest.raises(UnavailableError, match="their keys are out of reach"):
        await tokens.authenticate(token())
    frontend.up, frontend.now = True, frontend.now + SETTINGS.refetch_interval_s
    assert (await tokens.authenticate(token())).organization == "org_1"


async def test_nobody_is_let_in_by_a_key_that_is_too_old_while_another_request_fetches_it() -> None:
    frontend = Frontend()
    fetching, fetched = asyncio.Event(), asyncio.Event()

    async def fetch() -> bytes:
        if frontend.fetches:
            fetching.set()
            await fetched.wait()
        return await frontend.fetch()

    tokens = LoginTokens(SigningKeys(fetch, SETTINGS, Metrics(), monotonic=lambda: frontend.now), SETTINGS)
    await tokens.authenticate(token())
    frontend.jwks, frontend.now = {"keys": [jwk("ec", EC_KEY)]}, frontend.now + SETTINGS.max_age_s + SETTINGS.outage_s + 1

    async def refused() -> None:
        with pytest.raises(UnauthorizedError):
            await tokens.authenticate(token())

    async with asyncio.TaskGroup() as tasks:
        for number in range(2):
            tasks.create_task(refused(), name=f"request {number}")
        await fetching.wait()
        fetched.set()


async def test_a_withdrawn_key_is_dropped_once_the_keys_are_old() -> None:
    frontend = Frontend()
    tokens = frontend.tokens()
    await tokens.authenticate(token())
    frontend.jwks, frontend.now = {"keys": [jwk("ec", EC_KEY)]}, frontend.now + SETTINGS.max_age_s + 1
    with pytest.raises(UnauthorizedError):
        await tokens.authenticate(token())


def test_secret_and_encryption_keys_of_a_jwks_are_ignored() -> None:
    secret = {"kty": "oct", "k": "c2VjcmV0", "kid": "hmac", "alg": "HS256"}
    broken = {"kty": "RSA", "kid": "broken", "n": "AQAB"}
    jwks = {"keys": [secret, broken, jwk("enc", RSA_KEY, use="enc"), jwk("ec", EC_KEY), "text"]}
    assert set(parse_jwks(json.dumps(jwks).encode())) == {"ec"}


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"keys": 1}', b"<html>"])
def test_what_is_no_jwks_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        parse_jwks(body)
