"""Which faults a soak brings about, and when: drawn from its seed, so that the same seed gives the same ones. Pure."""

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from waypost_common.crash_points import CrashPoint

MINUTE_S: Final = 60.0
FIRST_S: Final = 3.0
OVER_S: Final = 50.0
"""By then every fault of a minute has ended, so that all can be well again before the documents are compared."""
SETTLED_S: Final = 10.0
"""So long is nothing else done to what has just been faulty."""
REPLICAS: Final = (0, 1)
OVERLAPS: Final = 0.3
"""How often a fault begins right after another one, so that both are there at once."""


class Kind(StrEnum):
    KILL = "kill"
    """SIGKILL; started again after `lasts_s`."""
    TERMINATE = "terminate"
    """SIGTERM; started again after `lasts_s`."""
    FREEZE = "freeze"
    """SIGSTOP; SIGCONT after `lasts_s`."""
    CRASH = "crash"
    """Started again with a crash point, `detail`, and once more when it has died there, at most `lasts_s` later."""
    STEP_DOWN = "step down"
    """mongod is no primary for `lasts_s`."""
    POISON = "poison"
    """A record that can never be applied is put among the events."""
    REBUILD = "rebuild"
    """All documents are made anew from the log, beside the live ones."""


class Target(StrEnum):
    API = "waypost-api"
    INGEST = "waypost-ingest"
    STORE = "waypost-store"
    CONNECTOR = "waypost-connector"
    MONGOD = "mongod"
    KAFKA = "kafka"
    EVENTS = "wa.events"


SERVICES: Final = (Target.API, Target.INGEST, Target.STORE, Target.CONNECTOR)
EACH_ONCE: Final = (
    *((kind, target) for kind in (Kind.KILL, Kind.TERMINATE, Kind.FREEZE, Kind.CRASH) for target in SERVICES),
    (Kind.KILL, Target.MONGOD),
    (Kind.FREEZE, Target.MONGOD),
    (Kind.STEP_DOWN, Target.MONGOD),
    (Kind.KILL, Target.KAFKA),
    (Kind.FREEZE, Target.KAFKA),
    (Kind.POISON, Target.EVENTS),
    (Kind.POISON, Target.EVENTS),
    (Kind.REBUILD, Target.EVENTS),
)
"""Drawn without putting back, over and over, so that ten minutes have them all."""
LASTS_S: Final = {
    Kind.KILL: (0.0, 5.0),
    Kind.TERMINATE: (0.0, 5.0),
    Kind.FREEZE: (1.0, 12.0),
    Kind.CRASH: (20.0, 20.0),
    Kind.STEP_DOWN: (2.0, 8.0),
    Kind.POISON: (0.0, 0.0),
    Kind.REBUILD: (0.0, 0.0),
}
LAST_PASSING: Final = 5


@dataclass(frozen=True)
class Fault:
    at_s: float
    """Of the load, which pauses while documents are compared."""
    kind: Kind
    target: Target
    replica: int
    """Of a service; 0 for others."""
    lasts_s: float
    detail: str = ""

    @property
    def ends_s(self) -> float:
        return self.at_s + self.lasts_s

    @property
    def subject(self) -> tuple[Target, int]:
        return self.target, self.replica

    def __str__(self) -> str:
        subject = f"{self.target} {self.replica + 1}" if self.target in SERVICES else self.target.value
        lasts = f" for {self.lasts_s:.1f} s" if self.lasts_s else ""
        return " ".join(filter(None, (self.kind.value, subject, self.detail))) + lasts


def schedule(seed: int, minutes: int) -> list[Fault]:
    """In the order of their beginning."""
    chance = random.Random(seed)
    due: list[tuple[Kind, Target]] = []
    return [fault for minute in range(minutes) for fault in _of_a_minute(chance, due, minute * MINUTE_S)]


def _of_a_minute(chance: random.Random, due: list[tuple[Kind, Target]], start: float) -> list[Fault]:
    """Takes from what is due, in order; what does not fit stays due."""
    found: list[Fault] = []
    at = start + FIRST_S + chance.uniform(0, 3)
    while at < start + OVER_S:
        if len(due) < len(EACH_ONCE):
            due.extend(chance.sample(EACH_ONCE, len(EACH_ONCE)))
        drawn = ((number, _fault(chance, *one, round(at, 1))) for number, one in enumerate(due))
        fits = next(((number, fault) for number, fault in drawn if _fits(fault, found, start + OVER_S)), None)
        if fits is None:
            break
        del due[fits[0]]
        found.append(fits[1])
        at += chance.uniform(0.2, 2) if chance.random() < OVERLAPS else chance.uniform(5, 14)
    return found


def _fits(fault: Fault, others: list[Fault], over: float) -> bool:
    settled = all(other.subject != fault.subject or other.ends_s + SETTLED_S <= fault.at_s for other in others)
    return settled and fault.ends_s <= over


def _fault(chance: random.Random, kind: Kind, target: Target, at: float) -> Fault:
    replica = chance.choice(REPLICAS) if target in SERVICES else 0
    detail = ""
    if kind is Kind.CRASH:
        detail = f"{chance.choice(crash_points(target))}:{chance.randint(1, LAST_PASSING)}"
    elif kind is Kind.POISON:
        detail = chance.choice(("not JSON", "of a type that nobody knows"))
    return Fault(at, kind, target, replica, round(chance.uniform(*LASTS_S[kind]), 1), detail)


def crash_points(service: Target) -> list[str]:
    """Those that the service passes."""
    prefixes = {service.removeprefix("waypost-")} | ({"consumption"} if service is Target.INGEST else set())
    return [point.value for point in CrashPoint if point.value.partition(".")[0] in prefixes]
