"""How far a consumer is behind the log, and for how long: figures for Prometheus, made when it asks."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

LABELS = ("topic", "partition")


@dataclass(frozen=True, slots=True)
class Behind:
    partition: TopicPartition
    records: int
    """In the log and not handled yet, as far as the last answer of Kafka told."""
    oldest_s: float
    """At most so long ago the first of them was written; 0 when there is none."""


class Backlog:
    """Since when the first record that is not handled waits, for each partition.

    Its timestamp is known once it is at hand. Before that it is younger than the record before it, and than the moment in which
    nothing was left to read.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._at_hand: dict[TopicPartition, float] = {}
        self._handled_up_to: dict[TopicPartition, float] = {}

    def took(self, partition: TopicPartition, records: Sequence[ConsumerRecord[bytes, bytes]], reached: int = 0) -> None:
        """Records were read; those below the offset `reached` are handled."""
        left = next((record for record in records if record.offset >= reached), None)
        if left is not None:
            self._at_hand[partition] = self._written(left)
        else:
            self._at_hand.pop(partition, None)
            self._handled_up_to[partition] = self._written(records[-1])

    def _written(self, record: ConsumerRecord[bytes, bytes]) -> float:
        """Now, for a record that could not be read (`waypost_common.unreadable`)."""
        return record.timestamp / 1_000 if record.timestamp > 0 else self._now()

    def caught_up(self, partition: TopicPartition) -> None:
        self._handled_up_to[partition] = self._now()

    def forget(self) -> None:
        self._at_hand.clear()
        self._handled_up_to.clear()

    def behind(self, partition: TopicPartition, records: int, since: float | None = None) -> Behind:
        """`since`: when the oldest was written, where the caller knows."""
        now = self._now()
        if records <= 0:
            return Behind(partition, 0, 0.0)
        known = since if since is not None else self._at_hand.get(partition, self._handled_up_to.get(partition, now))
        return Behind(partition, records, max(0.0, now - known))


class BacklogCollector(Collector):
    """Tells the backlog of whichever consumers there are at that moment."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.consumers: Callable[[], Iterable[Behind]] = tuple
        """Asked at each look. May be given later: consumers are made when the service starts."""
        registry.register(self)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        lag, oldest = _families()
        for one in self.consumers():
            labels = [one.partition.topic, str(one.partition.partition)]
            lag.add_metric(labels, one.records)
            oldest.add_metric(labels, one.oldest_s)
        yield from (lag, oldest)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return _families()


def _families() -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
    return (
        GaugeMetricFamily("waypost_consumer_lag_records", "Records in the log that are not handled yet", labels=LABELS),
        GaugeMetricFamily(
            "waypost_consumer_oldest_unprocessed_age_seconds",
            "Most time since the oldest record that is not handled yet was written",
            labels=LABELS,
        ),
    )
