"""Metrics of the connector."""

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from waypost_common.metrics import dead_letters
from waypost_common.topics import COMMANDS_DLQ, EVENTS_DLQ


class SessionPhase(StrEnum):
    """What a session's connection is doing."""

    CONNECTING = "connecting"
    WORKING = "working"
    REPLACED = "replaced"
    LOGGED_OUT = "logged_out"
    STOPPED = "stopped"
    PAIRING = "pairing"


class ConnectorMetrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.published = Counter(
            "waypost_connector_published_events", "Events that Kafka has taken", ["event"], registry=self.registry
        )
        self.dead_letters = dead_letters(self.registry, EVENTS_DLQ, COMMANDS_DLQ)
        self.left = Counter(
            "waypost_connector_left_events", "Taken, and left to the session's next owner", registry=self.registry
        )
        self.latency = Histogram(
            "waypost_connector_publish_seconds",
            "From taking a delivery to having it in Kafka",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
            registry=self.registry,
        )
        self.buffered = Gauge("waypost_connector_buffered_events", "Taken, and not in Kafka yet", registry=self.registry)
        self.retries = Counter(
            "waypost_connector_publish_retries", "Publishing that failed and is tried again", registry=self.registry
        )
        self.sessions = Gauge("waypost_connector_sessions", "Sessions by what they do", ["phase"], registry=self.registry)
        self.reconnects = Counter("waypost_connector_lost_connections", "Connections that ended unasked", registry=self.registry)
        for phase in SessionPhase:
            self.sessions.labels(phase)
