"""The table of a run: for a terminal, and as Markdown. Pure."""

from collections.abc import Sequence
from typing import Final
from unicodedata import east_asian_width

from benchmarks.measurement import Measurement

HEAD: Final = ("row", "what", "ours", "reference", "ratio", "wanted", "reached")
RIGHT: Final = frozenset({"ours", "ratio"})
NONE: Final = "-"
_REACHED: Final = {True: "yes", False: "NO", None: NONE}


def number(value: float | None) -> str:
    """As many digits as are worth reading."""
    if value is None:
        return NONE
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def cells(one: Measurement) -> tuple[str, ...]:
    """In the order of HEAD."""
    reference = NONE if one.of_reference is None else f"{number(one.of_reference)} ({one.reference_name})"
    return (
        one.row,
        one.what,
        "not measured" if one.own is None else f"{number(one.own)} {one.unit}",
        reference,
        NONE if one.ratio is None else f"{one.ratio:.2f}x",
        "shown" if one.wanted is None else one.wanted.text(one.unit),
        _REACHED[one.reached],
    )


def text_table(measurements: Sequence[Measurement]) -> str:
    rows = [HEAD, *(cells(one) for one in measurements)]
    widths = [max(_width(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = ["  ".join(map(_padded, row, widths, HEAD)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]]) + "\n"


def markdown_table(measurements: Sequence[Measurement]) -> str:
    lines = [HEAD, tuple("---:" if name in RIGHT else "---" for name in HEAD), *(cells(one) for one in measurements)]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |\n" for row in lines)


def _padded(text: str, width: int, name: str) -> str:
    missing = " " * (width - _width(text))
    return missing + text if name in RIGHT else text + missing


def _width(text: str) -> int:
    """How many columns of a terminal it takes."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)
