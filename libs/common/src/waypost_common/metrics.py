"""Figures that several services tell under one name. Labels are few and fixed: never a session, a chat or an organization."""

from enum import StrEnum
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from waypost_common.dead_letters import DeadLetterReason

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Hop(StrEnum):
    """The way of a command. Each hop ends when the next one can begin."""

    PUBLISH = "publish"
    """In the API, until Kafka has the command."""
    STORE = "store"
    """From there until Kafka has what the store made of it."""
    CONNECTOR = "connector"
    """The same in a connector, with the call to WhatsApp. Sends that wait for their turn are left out."""
    INGEST = "ingest"
    """From the event until its outcome can be read, and Kafka has it."""
    ANSWER = "answer"
    """From the outcome until the API has taken it."""


def command_hops(registry: CollectorRegistry, *hops: Hop) -> Histogram:
    """Shared by all services. Hops that follow a record begin with its timestamp, which another machine's clock set."""
    histogram = Histogram("waypost_command_hop_seconds", "Time of a command's hop", ["hop"], buckets=SECONDS, registry=registry)
    for hop in hops:
        histogram.labels(hop)
    return histogram


def dead_letters(registry: CollectorRegistry, *queues: str) -> Counter:
    """Shared by all services. Told as 0 from the start: else the first one would be no increase."""
    counter = Counter(
        "waypost_dead_letters", "Records that can never be applied, by queue and reason", ["queue", "reason"], registry=registry
    )
    for queue in queues:
        for reason in DeadLetterReason:
            counter.labels(queue, reason)
    return counter
