"""API keys: random, and known to the system only by their hash."""

from hypothesis import given
from hypothesis import strategies as st

from waypost_common.api_keys import hash_api_key, looks_like_api_key, new_api_key


def test_a_new_key_is_long_random_and_recognisable() -> None:
    keys = {new_api_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(looks_like_api_key(key) and len(key) >= 43 for key in keys)


def test_a_hash_is_always_the_same_and_does_not_contain_the_key() -> None:
    key = new_api_key()
    assert hash_api_key(key) == hash_api_key(key)
    assert key.removeprefix("wa_") not in hash_api_key(key)


@given(token=st.text(st.characters(exclude_categories=())))
def test_any_text_that_a_client_sends_has_a_hash(token: str) -> None:
    assert len(hash_api_key(token)) == 64


def test_another_kind_of_token_is_not_taken_for_a_key() -> None:
    assert not looks_like_api_key("eyJhbGciOiJIUzI1NiJ9.e30.x")
