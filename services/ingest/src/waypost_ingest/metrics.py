"""What ingest tells of itself, in a registry of its own."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class IngestMetrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events = Counter("waypost_ingest_events", "Events applied, by type", ["event"], registry=self.registry)
        self.dead_letters = Counter(
            "waypost_ingest_dead_letters", "Events that can never be applied, by reason", ["reason"], registry=self.registry
        )
        self.outcomes = Counter("waypost_ingest_outcomes", "Outcomes of commands published", registry=self.registry)
        self.batch_size = Histogram(
            "waypost_ingest_batch_events",
            "Events in a batch",
            buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_000, 5_000),
            registry=self.registry,
        )
        self.apply_seconds = Histogram(
            "waypost_ingest_apply_seconds",
            "Time to load, fold and store a batch",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.batch_seconds = Histogram(
            "waypost_ingest_batch_seconds",
            "Time from a poll's records to their saved positions",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.lag = Gauge(
            "waypost_ingest_lag", "Events in the log that are not yet applied", ["partition"], registry=self.registry
        )
        self.age_seconds = Gauge(
            "waypost_ingest_event_age_seconds",
            "Age, when applied, of the newest event of the last batch",
            registry=self.registry,
        )
