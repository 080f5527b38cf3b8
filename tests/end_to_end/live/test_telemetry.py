"""What an operator sees of the running system: metrics, one trace for a change, and its ids in the logs."""

import asyncio
import json
import re
import secrets
from typing import Any

import pytest
from tests.end_to_end.live.system import LiveSystem
from tests.monitoring import expressions, labels_of, mentioned, metrics_of
from tests.plugins.collector import Received
from tests.processes import Process, eventually

from waypost_common.metrics import Hop

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

SAMPLE = re.compile(r"^((waypost_\w+)(?:{(.*)})?) ", re.MULTILINE)
TEXT = "a sentence that nobody but the two may read"
SERVICES = {"waypost-api", "waypost-store", "waypost-ingest", "waypost-connector"}


ADDED_BY_PROMETHEUS = {"job", "instance"}
ASKED_FOR = {
    "waypost_api_requests_total": {"operation", "status"},
    "waypost_api_request_seconds_count": {"operation"},
    "waypost_consumer_lag_records": {"topic", "partition"},
    "waypost_consumer_oldest_unprocessed_age_seconds": {"topic", "partition"},
    "waypost_ingest_batch_events_count": set(),
    'waypost_ingest_stage_seconds_count{stage="fold"}': set(),
    'waypost_ingest_stage_seconds_count{stage="write"}': set(),
    "waypost_dead_letters_total": {"queue", "reason"},
    **{f'waypost_command_hop_seconds_count{{hop="{hop}"}}': set() for hop in Hop},
    "waypost_connector_sessions": {"phase"},
}
"""What an operator was promised: samples, and by what they are told apart."""


async def scraped(system: LiveSystem) -> dict[str, set[str]]:
    """All samples that the services tell now, by name and by all of it before the value, and their labels."""
    running = [process for process in system.pipeline.processes if process.is_running]
    answers = await asyncio.gather(*(asyncio.to_thread(process.probe, "/metrics") for process in running))
    found: dict[str, set[str]] = {}
    for sample, name, labels in (one for _, text in answers for one in SAMPLE.findall(text)):
        for key in {sample, name}:
            found.setdefault(key, set()).update(re.findall(r'(\w+)="', labels))
    return found


async def test_every_metric_of_dashboard_and_alerts_is_told_by_the_running_services(system: LiveSystem) -> None:
    await system.owner("updateChat", names=system.stage.names, json={"archived": False})
    missing = mentioned()

    async def told() -> bool:
        missing.difference_update(await scraped(system))
        return not missing

    await eventually(told, lambda: f"still missing: {sorted(missing)}")
    samples = await scraped(system)
    for expression in expressions():
        known = ADDED_BY_PROMETHEUS.union(*(samples[name] for name in metrics_of(expression)))
        assert labels_of(expression) <= known, expression


async def test_what_an_operator_asked_to_see_is_told_by_the_labels_that_tell_it_apart(system: LiveSystem) -> None:
    await system.owner("updateChat", names=system.stage.names, json={"archived": False})
    await system.send(system.stage.session, system.stage.person, TEXT)
    missing = set(ASKED_FOR)

    async def told() -> bool:
        samples = await scraped(system)
        missing.difference_update([name for name, labels in ASKED_FOR.items() if name in samples and labels <= samples[name]])
        return not missing

    await eventually(told, lambda: f"still missing: {sorted(missing)}")


async def traced(system: LiveSystem, trace: str, names: set[tuple[str, str]]) -> list[Received]:
    """The spans of a trace, once all of these are among them."""

    def spans() -> list[Received]:
        return [span for span in system.collector.spans if span.trace == trace]

    def complete() -> bool:
        return names <= {(span.service, _topic_free(span.name, system)) for span in spans()}

    await eventually(complete, lambda: f"{names} in {spans()}")
    return spans()


def _topic_free(name: str, system: LiveSystem) -> str:
    return name.replace(system.pipeline.settings.kafka.topic_prefix, "")


async def test_a_change_of_a_chat_is_one_trace_and_one_request_in_every_log(system: LiveSystem) -> None:
    trace, caller, request = secrets.token_hex(16), secrets.token_hex(8), f"telemetry-{secrets.token_hex(4)}"
    headers = {"traceparent": f"00-{trace}-{caller}-01", "x-request-id": request}
    await system.send(system.stage.session, system.stage.person, TEXT)
    answer = await system.owner("updateChat", names=system.stage.names, json={"pinned": True}, headers=headers)
    assert answer.status_code == 200

    way = [
        ("waypost-api", "updateChat"),
        ("waypost-api", "send wa.commands.store"),
        ("waypost-store", "process wa.commands.store"),
        ("waypost-ingest", "process wa.events"),
        ("waypost-api", "process wa.outcomes"),
    ]
    pushed = {
        ("waypost-store", "process wa.outcomes"),
        ("waypost-connector", "process wa.commands.live.simulated"),
        ("waypost-connector", "call WhatsApp"),
    }
    spans = await traced(system, trace, {*way, *pushed})
    by_id = {span.id: span for span in spans}
    assert len(by_id) == len(spans)
    roots = [span for span in spans if span.parent not in by_id]
    assert [(span.name, span.parent) for span in roots] == [("updateChat", caller)]
    [told] = [span for span in spans if (span.service, span.name.rpartition(".")[2]) == ("waypost-api", "outcomes")]
    ancestors = [told]
    while ancestors[-1].parent in by_id:
        ancestors.append(by_id[ancestors[-1].parent])
    assert [(span.service, _topic_free(span.name, system)) for span in reversed(ancestors)] == way

    command = told.attributes["waypost.command"]
    assert {span.trace for span in system.collector.spans if span.attributes.get("waypost.command") == command} == {trace}
    assert not any(word in body for body in system.collector.bodies for word in (TEXT.encode(), b"@s.whatsapp.net", b"@lid"))

    ids = {"request_id": request, "command": command, "session": system.stage.session}
    for event in ("answered", "command_taken", "command_applied"):
        assert [line for line in lines(system.pipeline.processes, event) if ids.items() <= line.items()], event
    assert any(line["request_id"] == request for line in lines([system.connector], "command_done"))


def lines(processes: list[Process], event: str) -> list[dict[str, Any]]:
    said = [json.loads(line) for process in processes for line in process.log.splitlines() if line.startswith("{")]
    return [line for line in said if line["event"] == event]
