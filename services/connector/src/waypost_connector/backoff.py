"""How long to wait before trying again."""

from collections.abc import Iterator
from random import Random


def delays(random: Random, *, first: float = 0.1, longest: float = 5.0) -> Iterator[float]:
    """Seconds, doubling up to `longest`, each drawn between half and all of it so that many do not come back at once."""
    ceiling = first
    while True:
        yield ceiling * random.uniform(0.5, 1.0)
        ceiling = min(ceiling * 2, longest)
