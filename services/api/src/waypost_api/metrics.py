"""What the API counts. Labels are operation ids and statuses, never anything a caller sent (rule R9)."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from waypost_common.metrics import SECONDS, Hop, command_hops
from waypost_common.outcomes import OutcomeStatus

UNANSWERED = "unanswered"
LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15)


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("waypost_api_requests", "Requests answered.", ("operation", "status"), registry=self.registry)
        self.latency = Histogram(
            "waypost_api_request_seconds",
            "Time from a request's head to the end of its answer.",
            ("operation",),
            buckets=LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self.hop_seconds = command_hops(self.registry, Hop.PUBLISH, Hop.ANSWER)
        self.command_seconds = Histogram(
            "waypost_api_command_seconds",
            "Time from issuing a command to its outcome, or to giving up (unanswered).",
            ("status",),
            buckets=SECONDS,
            registry=self.registry,
        )
        for status in (*OutcomeStatus, UNANSWERED):
            self.command_seconds.labels(status)
        self.in_flight = Gauge("waypost_api_requests_in_flight", "Requests under way.", registry=self.registry)
        self.waiters = Gauge("waypost_api_waiters", "Requests waiting for an outcome.", registry=self.registry)
        self.cache_lookups = Counter(
            "waypost_api_cache_lookups", "Lookups in a cache.", ("cache", "result"), registry=self.registry
        )
        self.outcomes = Counter(
            "waypost_api_outcomes", "Outcomes that a waiter took.", ("status", "source"), registry=self.registry
        )

        self.event_streams = Gauge("waypost_api_event_streams", "Streams of events that are open.", registry=self.registry)
        self.event_streams_ended = Counter(
            "waypost_api_event_streams_ended", "Streams of events that have ended, by why.", ("reason",), registry=self.registry
        )
        self.events_streamed = Counter(
            "waypost_api_events_streamed", "Events handed to clients of streams.", registry=self.registry
        )

    def cache(self, name: str, *, hit: bool) -> None:
        self.cache_lookups.labels(name, "hit" if hit else "miss").inc()
