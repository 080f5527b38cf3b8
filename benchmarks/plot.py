"""A row's figures as SVG: a bar for each side of each line, a dot for each run, a stroke for what is wanted. Pure.

Written by hand: rectangles, circles and text need no library.
"""

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from benchmarks.measurement import Measurement, Of
from benchmarks.samples import median
from benchmarks.table import number

WIDTH = 760
LEFT, RIGHT = 16, 150
BAR, GAP, TITLE, HEAD = 16, 5, 20, 34
OURS, REFERENCE, WANTED, INK, FAINT = "#1f6feb", "#8c959f", "#cf222e", "#1f2328", "#57606a"
ROOM = WIDTH - LEFT - RIGHT
FONT = "font-family='system-ui, sans-serif' font-size='12'"


def plot(title: str, measurements: Sequence[Measurement]) -> str:
    """Each line has a scale of its own: their units differ."""
    shown = [one for one in measurements if one.ours]
    height = HEAD + sum(_height(one) for one in shown)
    parts = [_text(LEFT, 20, title, size=14, weight="600")]
    top = HEAD
    for one in shown:
        parts += _line(one, top)
        top += _height(one)
    body = "\n".join(parts)
    head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' width='{WIDTH}' height='{height}' role='img'"
    label = escape(title, {"'": "&apos;"})
    return f"{head} aria-label='{label}'>\n<rect width='{WIDTH}' height='{height}' fill='#ffffff'/>\n{body}\n</svg>\n"


def _height(one: Measurement) -> int:
    bars = 2 if one.reference else 1
    return TITLE + bars * (BAR + GAP) + 14


def _line(one: Measurement, top: int) -> Iterator[str]:
    bound = _bound(one)
    most = max([*one.ours, *one.reference, bound or 0.0]) or 1.0
    per_unit = ROOM / most
    yield _text(LEFT, top + 12, f"{one.what} ({one.unit})", color=FAINT)
    top += TITLE
    yield from _bar(one.ours, top, per_unit, OURS, "ours")
    bottom = top + BAR
    if one.reference:
        yield from _bar(one.reference, top + BAR + GAP, per_unit, REFERENCE, one.reference_name)
        bottom += BAR + GAP
    if bound is not None:
        x = LEFT + bound * per_unit
        yield f"<line x1='{x:.1f}' x2='{x:.1f}' y1='{top - 2}' y2='{bottom + 2}' stroke='{WANTED}' stroke-dasharray='3 2'/>"


def _bound(one: Measurement) -> float | None:
    """Where ours has to reach, or stay below, in its own unit."""
    if one.wanted is None:
        return None
    if one.wanted.of is Of.OURS:
        return one.wanted.bound
    return None if one.of_reference is None else one.wanted.bound * one.of_reference


def _bar(runs: Sequence[float], top: int, per_unit: float, color: str, name: str) -> Iterator[str]:
    middle = median(runs)
    yield f"<rect x='{LEFT}' y='{top}' width='{middle * per_unit:.1f}' height='{BAR}' rx='2' fill='{color}' fill-opacity='0.35'/>"
    for run in runs if len(runs) > 1 else ():
        yield f"<circle cx='{LEFT + run * per_unit:.1f}' cy='{top + BAR / 2:.1f}' r='2.5' fill='{color}' stroke='#ffffff'/>"
    yield _text(LEFT + 6, top + 12, name, color=INK)
    yield _text(LEFT + ROOM + 8, top + 12, number(middle), weight="600")


def _text(x: float, y: float, text: str, *, size: int = 12, color: str = INK, weight: str = "400") -> str:
    font = FONT.replace("12", str(size))
    return f"<text x='{x:.1f}' y='{y:.1f}' {font} fill='{color}' font-weight='{weight}'>{escape(text)}</text>"
