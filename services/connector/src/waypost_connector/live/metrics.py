"""Metrics of live commands."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class LiveMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.commands = Counter(
            "waypost_connector_commands", "Live commands by what became of them", ["command", "result"], registry=registry
        )
        self.dead_letters = Counter(
            "waypost_connector_dead_commands", "Records that are no command, by reason", ["reason"], registry=registry
        )
        self.queued = Gauge("waypost_connector_queued_commands", "Commands that wait or are under way", registry=registry)
        self.call_seconds = Histogram(
            "waypost_connector_call_seconds",
            "How long WhatsApp took to answer a call",
            ["command"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=registry,
        )
