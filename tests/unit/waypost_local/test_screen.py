"""What a person at a terminal sees of a running system."""

import io

import pytest

from waypost_local.screen import Screen


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Gone(io.StringIO):
    def write(self, _text: str) -> int:
        raise BrokenPipeError


def test_figures_on_a_terminal_take_each_others_place_and_what_follows_begins_a_line() -> None:
    output = Terminal()
    screen = Screen(output)
    screen.show("1 event")
    screen.show("2 events")
    screen.say("Stopping")
    screen.close()
    assert output.getvalue() == "\r\x1b[K1 event\r\x1b[K2 events\nStopping\n"


def test_an_error_after_the_figures_begins_a_line_of_its_own() -> None:
    output = Terminal()
    screen = Screen(output)
    screen.show("1 event")
    screen.close()
    assert output.getvalue().endswith("1 event\n")


def test_figures_in_a_file_are_lines() -> None:
    output = io.StringIO()
    screen = Screen(output)
    screen.show("1 event")
    screen.show("2 events")
    screen.close()
    assert output.getvalue() == "1 event\n2 events\n"


def test_a_reader_that_has_gone_ends_the_program_at_the_next_figures_only() -> None:
    screen = Screen(Gone())
    screen.say("Starting")
    screen.close()
    with pytest.raises(KeyboardInterrupt):
        screen.show("1 event")
