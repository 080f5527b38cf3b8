"""What is shipped for Prometheus and Grafana, and the metrics that it asks for."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return [panel for panel in json.loads((DEPLOY / "grafana/waypost.json").read_text())["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[str]:
    yield from (alert["expr"] for alert in alerts())
    yield from (target["expr"] for panel in panels() for target in panel["targets"])


def mentioned() -> set[str]:
    """Metrics of ours, as they are scraped: with `_total`, `_bucket`, `_sum`, `_count`."""
    return {name for expression in expressions() for name in metrics_of(expression)}


def metrics_of(expression: str) -> set[str]:
    return set(re.findall(r"\bwaypost_\w+", expression))


def labels_of(expression: str) -> set[str]:
    """Those that it sums by, or selects by."""
    summed = re.findall(r"\bby \(([\w, ]+)\)", expression)
    selected = [name for selector in re.findall(r"{([^}]*)}", expression) for name in re.findall(r"(\w+)\s*[=!]", selector)]
    return {name.strip() for names in summed for name in names.split(",")} | set(selected)
