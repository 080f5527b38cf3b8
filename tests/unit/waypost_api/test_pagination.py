import base64

import pytest
from pydantic import SecretStr, ValidationError

from waypost_api.pagination import Cursors, parse_limit, signing_secret
from waypost_api.settings import CursorSettings
from waypost_common.errors import ValidationFailedError

LIST = ("listChats", "org_1", "session", "archived=True")
CURSORS = Cursors(b"a secret of this test")


def test_a_cursor_gives_back_the_position_it_was_made_of() -> None:
    assert CURSORS.decode(LIST, CURSORS.encode(LIST, ["0123é", 7])) == ["0123é", 7]


@pytest.mark.parametrize("position", range(4))
def test_a_cursor_is_bound_to_its_list(position: int) -> None:
    other = tuple("another" if index == position else part for index, part in enumerate(LIST))
    with pytest.raises(ValidationFailedError):
        CURSORS.decode(other, CURSORS.encode(LIST, [1]))


def test_moving_text_between_the_parts_of_a_binding_makes_another_list() -> None:
    with pytest.raises(ValidationFailedError):
        CURSORS.decode(("ab", "c"), CURSORS.encode(("a", "bc"), [1]))


def test_a_cursor_with_any_one_byte_changed_is_refused() -> None:
    cursor = CURSORS.encode(LIST, ["key"])
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    for index in range(len(raw)):
        changed = bytes([*raw[:index], raw[index] ^ 1, *raw[index + 1 :]])
        with pytest.raises(ValidationFailedError):
            CURSORS.decode(LIST, base64.urlsafe_b64encode(changed).rstrip(b"=").decode())


@pytest.mark.parametrize("cursor", ["", "A", "AAAA", "é", "\0", "{}", "x" * 100_000, "eyJpZCI6MTAwfQ"])
def test_a_text_that_is_no_cursor_is_refused_as_bad_input(cursor: str) -> None:
    with pytest.raises(ValidationFailedError) as refused:
        CURSORS.decode(LIST, cursor)
    assert refused.value.status == 400


def test_replicas_with_one_secret_read_each_others_cursors() -> None:
    settings = CursorSettings(secret=SecretStr("shared between replicas"))
    assert Cursors(signing_secret(settings)).decode(LIST, Cursors(signing_secret(settings)).encode(LIST, [1])) == [1]


def test_without_a_secret_each_process_has_its_own() -> None:
    with pytest.raises(ValidationFailedError):
        Cursors(signing_secret(CursorSettings())).decode(LIST, Cursors(signing_secret(CursorSettings())).encode(LIST, [1]))


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least 16"):
        CursorSettings(secret=SecretStr("short"))


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        (None, 50), ("", 50), ("0", 50), ("-0", 50), ("000", 50), ("1", 1), ("200", 200), ("201", 200), ("+7", 7),
        ("-1", 1), ("007", 7), ("9" * 10_000, 200), ("-" + "9" * 10_000, 1),
    ],
)  # fmt: skip
def test_a_limit_is_brought_into_range(text: str | None, limit: int) -> None:
    assert parse_limit(text) == limit


@pytest.mark.parametrize("text", ["ten", "1.0", "1e3", " 1", "٣", "0x10", "--1", "\0"])
def test_a_limit_that_is_no_integer_is_refused(text: str) -> None:
    with pytest.raises(ValidationFailedError):
        parse_limit(text)
