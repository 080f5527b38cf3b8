"""What a person at a terminal sees: lines, and below them one line that is written over and over."""

from typing import TextIO


class Screen:
    """Written to a file or a pipe, every line is one of its own. A reader that has gone ends the program as Ctrl-C does."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._in_place = False
        self._gone = False

    def say(self, text: str) -> None:
        """A line of its own."""
        self._write(f"{self._line_end()}{text}\n")

    def show(self, text: str) -> None:
        """The line that the next one takes the place of. Raises KeyboardInterrupt when nobody reads any more."""
        if self._output.isatty():
            self._write(f"\r\x1b[K{text}")
            self._in_place = True
        else:
            self.say(text)
        if self._gone:
            raise KeyboardInterrupt

    def close(self) -> None:
        self._write(self._line_end())

    def _line_end(self) -> str:
        end = "\n" if self._in_place else ""
        self._in_place = False
        return end

    def _write(self, text: str) -> None:
        if not self._gone:
            try:
                self._output.write(text)
                self._output.flush()
            except OSError:
                # The terminal was closed, or `| head` has had enough: the stopping must not be cut short by that.
                self._gone = True
