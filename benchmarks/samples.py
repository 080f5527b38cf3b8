"""What is made of several runs of the same thing. Pure."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Ours = TypeVar("Ours")
Reference = TypeVar("Reference")


@dataclass(frozen=True)
class Pairs(Generic[Ours, Reference]):
    """Runs of both sides; those of one round ran right after each other."""

    ours: Sequence[Ours]
    reference: Sequence[Reference]


def alternate(rounds: int, *, reference: Callable[[], Reference], ours: Callable[[], Ours]) -> Pairs[Ours, Reference]:
    """Reference, ours, reference, ours, ...: what the machine does otherwise meanwhile meets both."""
    references: list[Reference] = []
    own: list[Ours] = []
    for _ in range(rounds):
        references.append(reference())
        own.append(ours())
    return Pairs(own, references)


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least so many percent of all are not above. Raises ValueError without values."""
    if not values:
        raise ValueError("no values to take a percentile of")
    ordered = sorted(values)
    place = -(-len(ordered) * percent // 100)
    return ordered[max(int(place) - 1, 0)]
