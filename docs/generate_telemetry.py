"""Writes docs/telemetry.md, its tables from the services' registries: `python docs/generate_telemetry.py > docs/telemetry.md`."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from waypost_api.metrics import Metrics
from waypost_common.backlog import LABELS, BacklogCollector
from waypost_connector.live.metrics import LiveMetrics
from waypost_connector.metrics import ConnectorMetrics
from waypost_connector.simulated.metrics import NetworkMetrics
from waypost_ingest.metrics import IngestMetrics
from waypost_store.metrics import StoreMetrics

TEXT: Final = (Path(__file__).parent / "telemetry.txt").read_text()


def connector() -> CollectorRegistry:
    metrics = ConnectorMetrics()
    LiveMetrics(metrics)
    return metrics.registry


def registries() -> dict[str, CollectorRegistry]:
    return {
        "waypost-api": Metrics().registry,
        "waypost-ingest": IngestMetrics().registry,
        "waypost-store": StoreMetrics().registry,
        "waypost-connector": connector(),
        "waypost-simulated-network": NetworkMetrics().registry,
    }


def families(registry: CollectorRegistry) -> Iterator[tuple[Metric, tuple[str, ...]]]:
    """Each family of figures with the names of its labels, in the order of their declaration."""
    # The registry tells the labels of those figures alone that have values already, so its collectors are asked.
    for collector in dict.fromkeys(registry._collector_to_names):
        labels = LABELS if isinstance(collector, BacklogCollector) else collector._labelnames  # type: ignore[attr-defined]
        for family in collector.collect():
            yield family, tuple(labels)


def exposed(family: Metric) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name


def table(registry: CollectorRegistry) -> Iterator[str]:
    yield "| metric | kind | labels | meaning |"
    yield "|---|---|---|---|"
    for family, labels in families(registry):
        names = ", ".join(f"`{label}`" for label in labels)
        yield f"| `{exposed(family)}` | {family.type} | {names} | {family.documentation.rstrip('.')} |"


def document() -> str:
    """The text, each line `{{service}}` replaced by the table of that service's figures."""
    lines: list[str] = []
    for line in TEXT.splitlines():
        found = re.fullmatch(r"\{\{([\w-]+)\}\}", line)
        lines.append(line if found is None else "\n".join(table(registries()[found.group(1)])))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
