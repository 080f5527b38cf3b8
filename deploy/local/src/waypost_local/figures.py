"""The line of live figures: what the services' metrics and the collections say, once a second."""

import http.client
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from prometheus_client.parser import text_string_to_metric_families
from pymongo import MongoClient
from pymongo.errors import PyMongoError

APPLIED = "waypost_ingest_events_total"
LAG = "waypost_consumer_lag_records"
EVENTS = "wa.events"
COLLECTIONS = ("sessions", "chats", "messages", "channels", "contacts", "groups")


@dataclass(frozen=True)
class Figures:
    taken_at: float
    """Seconds of a monotonic clock."""
    applied: float | None
    """Events folded since ingest started."""
    lag: float | None
    """Events on the log that are not folded yet."""
    documents: Mapping[str, int]


class FigureSource:
    """Reads the figures of a running system. Connects to MongoDB at the first look, when the URL is known to be good."""

    def __init__(self, metrics_urls: Sequence[str], mongo_url: str, database: str) -> None:
        self._metrics_urls = metrics_urls
        self._mongo_url = mongo_url
        self._database = database
        self._client: MongoClient[dict[str, object]] | None = None

    def measure(self) -> Figures:
        """Blocks for some milliseconds, or about a second for each service and MongoDB when they do not answer."""
        if self._client is None:
            self._client = MongoClient(self._mongo_url, serverSelectionTimeoutMS=1000)
        sums = read_metrics(self._metrics_urls)
        return Figures(time.monotonic(), sums.get(APPLIED), sums.get(LAG), count_documents(self._client, self._database))

    def close(self) -> None:
        if self._client is not None:
            self._client.close()


def line(before: Figures, now: Figures) -> str:
    """One line for people. What a service did not tell is a dash."""
    rate = None
    if now.applied is not None and before.applied is not None and now.taken_at > before.taken_at:
        rate = max(0.0, now.applied - before.applied) / (now.taken_at - before.taken_at)
    documents = "  ".join(f"{name} {count:,}" for name, count in now.documents.items() if count)
    return f"{_text(rate)} events/s  lag {_text(now.lag)}  {documents}".rstrip()


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def read_metrics(urls: Iterable[str]) -> dict[str, float]:
    """The sum over all labels of each figure wanted here. A service that does not answer in a second is left out."""
    sums: dict[str, float] = {}
    for url in urls:
        for family in text_string_to_metric_families(_fetch(url)):
            for sample in family.samples:
                if sample.name == APPLIED or (sample.name == LAG and sample.labels["topic"].endswith(EVENTS)):
                    sums[sample.name] = sums.get(sample.name, 0) + sample.value
    return sums


def count_documents(client: "MongoClient[dict[str, object]]", database: str) -> dict[str, int]:
    """Counts from the collections' bookkeeping, which cost nothing. Empty when MongoDB does not answer."""
    try:
        return {name: client[database][name].estimated_document_count() for name in COLLECTIONS}
    except PyMongoError:
        return {}


def _fetch(url: str) -> str:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=1)
    try:
        connection.request("GET", parts.path)
        response = connection.getresponse()
        return response.read().decode() if response.status == 200 else ""
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()
