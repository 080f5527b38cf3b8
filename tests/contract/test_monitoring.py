"""Alert rules and dashboard parse, ask for metrics that there are, and lead to what is to be done.

That the running services tell these metrics: tests/end_to_end/live/test_telemetry.py.
"""

import re
from typing import Any

import pytest
from tests.monitoring import ROOT, alerts, expressions, labels_of, mentioned, panels

KNOWN = {"up"}
FUNCTIONS = {"sum", "max", "rate", "increase", "absent", "histogram_quantile", "topk", "by"}


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_says_what_is_wrong_and_where_it_is_told_what_to_do(alert: dict[str, Any]) -> None:
    kebab = re.sub(r"(?<!^)(?=[A-Z])", "-", alert["alert"]).lower()
    assert alert["annotations"]["runbook"] == f"docs/operations.md#alert-{kebab}"
    assert alert["annotations"]["summary"]
    assert alert["labels"]["severity"] in {"page", "warn"}
    assert re.fullmatch(r"\d+[ms]", alert.get("for", "0s"))


def test_the_runbook_has_a_section_for_each_alert_and_for_nothing_else() -> None:
    headings = re.findall(r"^### (Alert: .*)$", (ROOT / "docs/operations.md").read_text(), re.MULTILINE)
    anchors = [re.sub(r"[^a-z0-9 ]", "", heading.lower()).replace(" ", "-") for heading in headings]
    assert [f"docs/operations.md#{anchor}" for anchor in anchors] == [alert["annotations"]["runbook"] for alert in alerts()]


def test_no_two_alerts_share_a_name() -> None:
    names = [alert["alert"] for alert in alerts()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("expression", list(expressions()))
def test_an_expression_is_whole(expression: str) -> None:
    """No parser of PromQL is at hand: brackets pair, and words are functions, labels or metrics."""
    quoted = re.sub(r'"[^"]*"', '""', expression)
    for left, right in ("()", "{}", "[]"):
        assert quoted.count(left) == quoted.count(right)
    called = set(re.findall(r"\b([a-z_]+) ?\(", quoted))
    assert called <= FUNCTIONS
    metrics = set(re.findall(r"\b(?:waypost_\w+|up)(?=[\[{) ]|$)", quoted))
    assert metrics
    assert metrics - mentioned() <= KNOWN


def test_the_labels_that_an_expression_asks_for_are_recognised() -> None:
    expression = 'max by (queue, le) (rate(waypost_x_total{status=~"5..", operation!="none"}[5m]))'
    assert labels_of(expression) == {"queue", "le", "status", "operation"}


def test_panels_have_titles_and_places_of_their_own() -> None:
    titles = [panel["title"] for panel in panels()]
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels()]
    assert len(set(titles)) == len(titles) == len(set(places)) > 15


BOUNDED = {
    "cache", "collection", "command", "event", "hop", "operation", "partition", "phase", "queue", "reason", "result", "source",
    "stage", "status", "topic",
}  # fmt: skip
"""Labels whose values are few, whoever uses the system: of sessions, chats and organizations there may be any number."""


def test_metrics_are_named_as_prometheus_wants_and_their_labels_have_few_values() -> None:
    row = re.compile(r"^\| `(waypost_\w+)` \| (\w+) \| (.*?) \| .+ \|$", re.MULTILINE)
    rows = row.findall((ROOT / "docs/telemetry.md").read_text())
    assert len(rows) > 40
    for name, kind, labels in rows:
        assert name.endswith("_total") == (kind == "counter"), name
        assert set(re.findall(r"`(\w+)`", labels)) <= BOUNDED, name
        assert not re.search(r"_(ms|milliseconds|time|latency|duration)$", name), name


def test_every_metric_that_they_ask_for_is_listed_in_the_documentation() -> None:
    listed = set(re.findall(r"^\| `(waypost_\w+)` \|", (ROOT / "docs/telemetry.md").read_text(), re.MULTILINE))
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in mentioned()} <= listed
