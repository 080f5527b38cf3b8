from typing import Any

import pytest
from starlette.datastructures import Headers
from tests.integration.api.documents import api_key_document

from waypost_api.authentication.api_keys import ApiKeys
from waypost_api.authentication.authenticator import credential
from waypost_api.metrics import Metrics
from waypost_common.api_keys import Permission
from waypost_common.errors import UnauthorizedError


class Keys:
    """Plays the collection and the clocks."""

    def __init__(self, *documents: dict[str, Any]) -> None:
        self.documents = {document["hash"]: document for document in documents}
        self.lookups = 0
        self.now = 1_000.0
        self.api_keys = ApiKeys(
            self.find, ttl_s=2, metrics=Metrics(), monotonic=lambda: self.now, now_ms=lambda: int(self.now * 1000)
        )

    async def find(self, key_hash: str) -> Any:
        self.lookups += 1
        return self.documents.get(key_hash)


async def test_a_key_has_exactly_the_permissions_it_was_given() -> None:
    keys = Keys(api_key_document("one", ["read", "operator", "of the future"], session="mine"))
    principal = await keys.api_keys.authenticate("wa_one")
    assert principal.permissions == {Permission.READ, Permission.OPERATOR}
    assert principal.reaches("mine")
    assert not principal.reaches("other")


@pytest.mark.parametrize("fields", [{"revokedAt": 1}, {"expiresAt": 1}, {"expiresAt": 1_000_000}])
async def test_a_revoked_or_expired_key_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(UnauthorizedError):
        await Keys(api_key_document("one", ["read"], **fields)).api_keys.authenticate("wa_one")


async def test_a_key_that_expires_while_it_is_cached_is_refused() -> None:
    keys = Keys(api_key_document("one", ["read"], expiresAt=1_001_000))
    await keys.api_keys.authenticate("wa_one")
    keys.now += 1
    with pytest.raises(UnauthorizedError):
        await keys.api_keys.authenticate("wa_one")


async def test_a_key_is_looked_up_once_until_the_cache_is_old_and_then_seen_revoked() -> None:
    document = api_key_document("one", ["read"])
    keys = Keys(document)
    for _ in range(5):
        await keys.api_keys.authenticate("wa_one")
    assert keys.lookups == 1
    document["revokedAt"], keys.now = 5, keys.now + 2
    with pytest.raises(UnauthorizedError):
        await keys.api_keys.authenticate("wa_one")


async def test_an_unknown_key_works_as_soon_as_it_is_made() -> None:
    keys = Keys()
    with pytest.raises(UnauthorizedError):
        await keys.api_keys.authenticate("wa_new")
    document = api_key_document("new", ["read"])
    keys.documents[document["hash"]] = document
    assert (await keys.api_keys.authenticate("wa_new")).id == "key_new"


async def test_an_absurdly_long_key_is_refused_without_a_lookup() -> None:
    keys = Keys()
    with pytest.raises(UnauthorizedError):
        await keys.api_keys.authenticate("wa_" + "x" * 100_000)
    assert keys.lookups == 0


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({"authorization": "Bearer abc"}, "abc"),
        ({"authorization": "bearer   abc "}, "abc"),
        ({"x-api-key": "wa_1"}, "wa_1"),
        ({"authorization": "Bearer wa_1", "x-api-key": "wa_2"}, "wa_1"),
        ({"authorization": "Basic abc", "x-api-key": "wa_2"}, "wa_2"),
    ],
)
def test_the_credential_is_found_in_either_header(headers: dict[str, str], token: str) -> None:
    assert credential(Headers(headers)) == token


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": ""}, {"authorization": "Bearer "}, {"authorization": "wa_1"}, {"x-api-key": "abc"}]
)
def test_without_a_credential_a_request_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(UnauthorizedError):
        credential(Headers(headers))
