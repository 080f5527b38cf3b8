"""What ingest tells of itself, in a registry of its own."""

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from waypost_common.backlog import BacklogCollector
from waypost_common.metrics import SECONDS, Hop, command_hops, dead_letters
from waypost_common.topics import EVENTS_DLQ


class Stage(StrEnum):
    """What a batch's time goes into."""

    DECODE = "decode"
    LOAD = "load"
    """Reading the documents that the events may change."""
    FOLD = "fold"
    """With the few reads that single events need, as a count of unread messages."""
    WRITE = "write"
    TELL = "tell"
    """Dead letters and outcomes."""
    POSITIONS = "positions"


class IngestMetrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events = Counter("waypost_ingest_events", "Events applied, by type", ["event"], registry=self.registry)
        self.dead_letters = dead_letters(self.registry, EVENTS_DLQ)
        self.outcomes = Counter("waypost_ingest_outcomes", "Outcomes of commands published", registry=self.registry)
        self.batch_size = Histogram(
            "waypost_ingest_batch_events",
            "Events in a batch",
            buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_000, 5_000),
            registry=self.registry,
        )
        self.stage_seconds = Histogram(
            "waypost_ingest_stage_seconds", "Time of each part of a batch", ["stage"], buckets=SECONDS, registry=self.registry
        )
        for stage in Stage:
            self.stage_seconds.labels(stage)
        self.batch_seconds = Histogram(
            "waypost_ingest_batch_seconds",
            "Time from a poll's records until all that they change is stored and told",
            buckets=SECONDS,
            registry=self.registry,
        )
        self.backlog = BacklogCollector(self.registry)
        self.hop_seconds = command_hops(self.registry, Hop.INGEST).labels(Hop.INGEST)
        self.age_seconds = Gauge(
            "waypost_ingest_event_age_seconds",
            "Age, when applied, of the newest event of the last batch",
            registry=self.registry,
        )
