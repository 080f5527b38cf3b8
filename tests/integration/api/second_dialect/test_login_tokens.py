"""People's login tokens, in the `token` header and counted by person."""

import time

import httpx
import jwt
from tests.integration.api.conftest import Api
from tests.integration.api.test_login import AUDIENCE, ISSUER, KEY, frontend, login_api  # noqa: F401


async def ask(api: Api, *, header: str = "token", **claims: object) -> httpx.Response:
    """Pins without a body: 400 for who may."""
    told = {"iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 60, "sub": "user_1", "org_id": "org_mine", "role": "member"}
    token = jwt.encode({**told, **claims}, KEY, algorithm="ES256", headers={"kid": "one"})
    value = f"Bearer {token}" if header == "authorization" else token
    return await api.client.post("/api/chat/pin/mine", headers={header: value})


async def test_a_login_token_is_taken_from_either_header(login_api: Api) -> None:  # noqa: F811
    for header in ("token", "authorization"):
        assert (await ask(login_api, header=header)).status_code == 400


async def test_a_person_has_one_allowance_whatever_token_they_hold(login_api: Api) -> None:  # noqa: F811
    first = await ask(login_api, exp=int(time.time()) + 60)
    second = await ask(login_api, exp=int(time.time()) + 61)
    other = await ask(login_api, sub="user_2")
    elsewhere = await ask(login_api, org_id="org_theirs")
    left = [int(answer.headers["x-ratelimit-remaining"]) for answer in (first, second, other, elsewhere)]
    assert left == [99, 98, 99, 99]
    assert elsewhere.json()["error"]["message"] == "Instance not found"


async def test_expired_and_foreign_tokens_are_401_and_administrators_of_the_platform_403(login_api: Api) -> None:  # noqa: F811
    assert (await ask(login_api, exp=int(time.time()) - 60)).json()["error"]["message"] == "Invalid token"
    assert (await ask(login_api, aud="another")).status_code == 401
    assert (await ask(login_api, role="super_admin")).json()["error"]["message"] == "Token lacks the permission to send"


async def test_a_subject_of_any_letters_is_counted(login_api: Api) -> None:  # noqa: F811
    for subject in ("\x00", "ß" * 300, "\ud800", "a/b"):
        assert (await ask(login_api, sub=subject)).status_code == 400
