"""What a soak says while it runs, and what it can tell in the end: a line with the time for all that happens."""

import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Journal:
    seed: int
    minutes: int
    faults: Counter[str] = field(default_factory=Counter)
    """By kind and target."""
    told: list[str] = field(default_factory=list)
    has_failed: bool = False
    started: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        line = f"{time.strftime('%H:%M:%S')} {time.monotonic() - self.started:6.1f} s  {text}"
        self.told.append(line)
        print(line, flush=True)  # noqa: T201

    def begins(self, fault: str, kind: str) -> None:
        self.faults[kind] += 1
        self.say(f"fault {self.faults.total()}: {fault}")

    @property
    def how_to_repeat(self) -> str:
        return f"make soak MINUTES={self.minutes} SEED={self.seed}"
