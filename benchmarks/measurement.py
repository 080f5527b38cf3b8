"""One line of the table: a figure of ours beside its reference, and whether it is what was wanted. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from benchmarks.samples import median


class Of(StrEnum):
    """Which figure a bound is about."""

    RATIO = "ratio"
    OURS = "ours"


@dataclass(frozen=True)
class Wanted:
    bound: float
    of: Of
    at_least: bool

    def holds(self, *, ours: float, ratio: float | None) -> bool:
        """Raises ValueError where a ratio is wanted and there is none."""
        value = ours if self.of is Of.OURS else ratio
        if value is None:
            raise ValueError("a ratio is wanted of a figure without a reference")
        return value >= self.bound if self.at_least else value <= self.bound

    def text(self, unit: str) -> str:
        sign = "≥" if self.at_least else "≤"
        return f"{sign} {self.bound:g}" + ("x" if self.of is Of.RATIO else f" {unit}")


def ratio_of(at_least: float) -> Wanted:
    return Wanted(at_least, Of.RATIO, at_least=True)


def ratio_up_to(at_most: float) -> Wanted:
    return Wanted(at_most, Of.RATIO, at_least=False)


def up_to(at_most: float) -> Wanted:
    return Wanted(at_most, Of.OURS, at_least=False)


@dataclass(frozen=True, kw_only=True)
class Measurement:
    row: str
    """Name of the row that measured it: what ROW=... takes."""
    what: str
    unit: str
    ours: Sequence[float]
    """One figure a run; the median counts. Empty: not measured, and `notes` say why."""
    reference: Sequence[float] = ()
    """The same of the reference, round by round; empty where there is none."""
    reference_name: str = ""
    wanted: Wanted | None = None
    """None: the figure is only shown."""
    notes: Sequence[str] = ()
    """What else was seen: what was saturated, which setting of the reference was its best."""

    @property
    def own(self) -> float | None:
        return median(self.ours) if self.ours else None

    @property
    def of_reference(self) -> float | None:
        return median(self.reference) if self.reference else None

    @property
    def ratios(self) -> Sequence[float]:
        """Of each round, where both sides have as many; else ours to the reference's median."""
        if len(self.reference) == len(self.ours):
            return [own / other for own, other in zip(self.ours, self.reference, strict=True)]
        return [own / median(self.reference) for own in self.ours] if self.reference else ()

    @property
    def ratio(self) -> float | None:
        return median(self.ratios) if self.ratios else None

    @property
    def reached(self) -> bool | None:
        """None: nothing was wanted, or nothing measured."""
        if self.wanted is None or self.own is None:
            return None
        return self.wanted.holds(ours=self.own, ratio=self.ratio)


NO_REFERENCE: Final = "-"
