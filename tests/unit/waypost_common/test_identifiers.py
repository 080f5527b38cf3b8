"""Identifiers are of their form, and those that are derived are always the same."""

import re

from hypothesis import given
from hypothesis import strategies as st

from waypost_common.fields import ULID_PATTERN
from waypost_common.identifiers import (
    MAX_NUMERIC_ID,
    CommandId,
    event_id_of_command,
    new_command_id,
    new_event_id,
    new_session_id,
    numeric_id,
    push_id_of_command,
)


def test_new_identifiers_are_ulids_behind_their_prefix() -> None:
    assert re.fullmatch(f"evt_{ULID_PATTERN}", new_event_id())
    assert re.fullmatch(f"cmd_{ULID_PATTERN}", new_command_id())
    assert re.fullmatch(ULID_PATTERN, new_session_id())


def test_new_identifiers_differ() -> None:
    assert len({new_event_id() for _ in range(1_000)}) == 1_000


@given(command=st.text(), index=st.integers(0, 1_000))
def test_a_command_always_gives_the_same_event_id_of_the_right_form(command: str, index: int) -> None:
    made = event_id_of_command(CommandId(command), index)
    assert made == event_id_of_command(CommandId(command), index)
    assert re.fullmatch(f"evt_{ULID_PATTERN}", made)


def test_a_push_has_the_same_id_each_time_and_not_that_of_its_command() -> None:
    command = new_command_id()
    assert push_id_of_command(command) == push_id_of_command(command) != command
    assert re.fullmatch(f"cmd_{ULID_PATTERN}", push_id_of_command(command))


def test_each_event_of_a_command_has_an_id_of_its_own() -> None:
    command = new_command_id()
    assert len({event_id_of_command(command, index) for index in range(100)}) == 100


@given(key=st.lists(st.text(st.characters(exclude_categories=()), max_size=50), min_size=1, max_size=3))
def test_a_numeric_id_is_one_that_every_json_client_reads_exactly(key: list[str]) -> None:
    found = numeric_id(*key)
    assert 0 <= found <= MAX_NUMERIC_ID
    assert found == int(float(found)) == numeric_id(*key)


def test_a_numeric_id_is_the_same_in_every_release() -> None:
    assert numeric_id("S1", "6281234567890@s.whatsapp.net") == 1_810_563_141_638_661


def test_the_parts_of_a_natural_key_do_not_run_together() -> None:
    assert numeric_id("ab", "c") != numeric_id("a", "bc")
