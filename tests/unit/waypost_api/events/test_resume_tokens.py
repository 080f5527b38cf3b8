import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost_api.events.resume_tokens import LONGEST, ResumeTokens, packed, unpacked
from waypost_common.errors import ValidationFailedError
from waypost_common.identifiers import OrganizationId

TOKENS = ResumeTokens(b"a secret of this test")
OURS, THEIRS = OrganizationId("org_1"), OrganizationId("org_2")
positions = st.lists(st.integers(0, 2**63 - 1), max_size=100)


@given(positions)
def test_a_token_gives_back_the_places_it_was_made_of(places: list[int]) -> None:
    assert TOKENS.decode(OURS, TOKENS.encode(OURS, places)) == places


@given(positions)
def test_a_token_is_text_that_a_header_and_an_address_may_hold(places: list[int]) -> None:
    assert set(TOKENS.encode(OURS, places)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_token_of_another_organization_is_none() -> None:
    with pytest.raises(ValidationFailedError):
        TOKENS.decode(THEIRS, TOKENS.encode(OURS, [1, 2, 3]))


def test_replicas_with_one_secret_read_each_others_tokens_and_no_other_does() -> None:
    token = TOKENS.encode(OURS, [1, 2, 3])
    assert ResumeTokens(b"a secret of this test").decode(OURS, token) == [1, 2, 3]
    with pytest.raises(ValidationFailedError):
        ResumeTokens(b"another secret of it").decode(OURS, token)


@given(positions, st.integers(0, 10_000), st.integers(1, 255))
def test_a_token_in_which_a_byte_was_changed_is_none(places: list[int], place: int, change: int) -> None:
    token = TOKENS.encode(OURS, places)
    raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    raw[place % len(raw)] ^= change
    with pytest.raises(ValidationFailedError):
        TOKENS.decode(OURS, base64.urlsafe_b64encode(raw).decode().rstrip("="))


@given(st.text(max_size=200))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValidationFailedError):
        TOKENS.decode(OURS, text)


def test_what_is_far_too_long_is_refused() -> None:
    with pytest.raises(ValidationFailedError):
        TOKENS.decode(OURS, "A" * (LONGEST + 1))


def test_offsets_do_not_show_in_a_token() -> None:
    token = TOKENS.encode(OURS, [4711])
    assert packed([4711]) not in base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))


@given(st.binary(max_size=64))
def test_bytes_that_were_never_packed_are_refused_or_read(data: bytes) -> None:
    try:
        places = unpacked(data)
    except ValueError:
        return
    assert all(0 <= place < 2**63 for place in places)


def test_a_token_of_32_partitions_is_short() -> None:
    assert len(TOKENS.encode(OURS, [10_000_000] * 32)) <= 200
