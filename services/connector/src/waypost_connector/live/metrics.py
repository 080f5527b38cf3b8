"""Metrics of live commands."""

from prometheus_client import Counter, Gauge, Histogram

from waypost_common.backlog import BacklogCollector
from waypost_common.metrics import Hop, command_hops
from waypost_connector.metrics import ConnectorMetrics


class LiveMetrics:
    def __init__(self, metrics: ConnectorMetrics) -> None:
        """In the registry of the connector's other figures."""
        registry = metrics.registry
        self.dead_letters = metrics.dead_letters
        self.commands = Counter(
            "waypost_connector_commands", "Live commands by what became of them", ["command", "result"], registry=registry
        )
        self.queued = Gauge("waypost_connector_queued_commands", "Commands that wait or are under way", registry=registry)
        self.call_seconds = Histogram(
            "waypost_connector_call_seconds",
            "How long WhatsApp took to answer a call",
            ["command"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=registry,
        )
        self.backlog = BacklogCollector(registry)
        self.hop_seconds = command_hops(registry, Hop.CONNECTOR).labels(Hop.CONNECTOR)
