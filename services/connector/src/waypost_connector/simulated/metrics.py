"""Metrics of the simulated network."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class NetworkMetrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.generated = Counter("waypost_network_generated_events", "Events made since the start", registry=self.registry)
        self.delivered = Counter(
            "waypost_network_delivered_events", "Events sent to connections, redelivery included", registry=self.registry
        )
        self.acknowledged = Counter("waypost_network_acknowledged_events", "Events acknowledged", registry=self.registry)
        self.queued = Gauge("waypost_network_queued_events", "Events that wait to be acknowledged", registry=self.registry)
        self.logins = Gauge("waypost_network_logged_in_sessions", "Sessions with a connection", registry=self.registry)
