"""What the store counts. Labels are few and fixed: never an id."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from waypost_common.backlog import BacklogCollector
from waypost_common.metrics import SECONDS, Hop, command_hops, dead_letters
from waypost_common.topics import COMMANDS_DLQ


class StoreMetrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.commands = Counter(
            "waypost_store_commands", "Commands taken, by what became of them here", ["command", "result"], registry=self.registry
        )
        self.dead_letters = dead_letters(self.registry, COMMANDS_DLQ)
        self.backlog = BacklogCollector(self.registry)
        self.hop_seconds = command_hops(self.registry, Hop.STORE).labels(Hop.STORE)
        self.batch_size = Histogram(
            "waypost_store_batch_records",
            "Commands in one batch",
            buckets=(1, 2, 5, 10, 50, 100, 500, 1_000),
            registry=self.registry,
        )
        self.claim_seconds = Histogram(
            "waypost_store_claim_seconds", "Time to claim a batch in MongoDB", buckets=SECONDS, registry=self.registry
        )
        self.publish_seconds = Histogram(
            "waypost_store_publish_seconds", "Time until Kafka has a batch's events", buckets=SECONDS, registry=self.registry
        )
        self.outcomes = Counter("waypost_store_outcomes", "Outcomes written into operations", ["status"], registry=self.registry)
        self.pushes = Counter(
            "waypost_store_pushes", "Pushes of chat flags to WhatsApp, sent and ended", ["result"], registry=self.registry
        )
        self.swept = Counter(
            "waypost_store_operations_swept", "Operations that nobody finished in time", ["status"], registry=self.registry
        )
        self.purged = Counter(
            "waypost_store_purged_documents",
            "Documents removed because nobody could see them any more",
            ["collection"],
            registry=self.registry,
        )
        self.purge_seconds = Histogram(
            "waypost_store_purge_seconds",
            "Time of one round of the purge, its rests included",
            buckets=(0.01, 0.1, 1, 10, 60, 600, 3_600),
            registry=self.registry,
        )
        self.ready = Gauge("waypost_store_ready", "1 while commands and outcomes are read", registry=self.registry)
