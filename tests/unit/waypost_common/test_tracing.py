"""Spans form one trace over processes, tell nothing of their own accord, and cost nothing where they are off."""

import subprocess
import sys

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from pydantic import ValidationError

from waypost_common.otlp import OtlpTracing
from waypost_common.settings import TracingSettings
from waypost_common.tracing import NO_TRACING, Kind, open_tracing

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NOT_SAMPLED = CALLER[:-1] + "0"


class Traced:
    """Tracing whose spans stay in memory."""

    def __init__(self, ratio: float = 1.0) -> None:
        self._exporter = InMemorySpanExporter()
        self.tracing = OtlpTracing(TracingSettings(ratio=ratio), service="test", exporter=self._exporter)

    async def spans(self) -> list[ReadableSpan]:
        await self.tracing.close()
        return list(self._exporter.get_finished_spans())


def context_of(span: ReadableSpan) -> tuple[int, int]:
    return span.context.trace_id, span.context.span_id


async def test_a_span_that_another_caused_is_its_child_in_the_same_trace() -> None:
    traced = Traced()
    first = traced.tracing.span("first", Kind.SERVER, parent=CALLER, attributes={})
    second = traced.tracing.span("second", Kind.CONSUMER, parent=first.traceparent, attributes={})
    second.end()
    first.end()
    [inner, outer] = await traced.spans()
    assert f"{outer.context.trace_id:032x}" == CALLER.split("-")[1]
    assert inner.parent is not None
    assert (inner.parent.trace_id, inner.parent.span_id) == context_of(outer)


@pytest.mark.parametrize("parent", [None, "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
async def test_without_a_parent_that_makes_sense_a_trace_begins(parent: str | None) -> None:
    traced = Traced()
    traced.tracing.span("first", Kind.CONSUMER, parent=parent, attributes={}).end()
    [span] = await traced.spans()
    assert span.parent is None


async def test_what_the_caller_does_not_want_traced_is_not_and_says_so_to_the_next_hop() -> None:
    traced = Traced()
    span = traced.tracing.span("first", Kind.SERVER, parent=NOT_SAMPLED, attributes={})
    span.end()
    assert (span.traceparent or "").endswith("-00")
    assert await traced.spans() == []


async def test_no_trace_begins_where_none_is_to_be_sampled() -> None:
    traced = Traced(ratio=0.0)
    traced.tracing.span("first", Kind.SERVER, parent=None, attributes={}).end()
    assert await traced.spans() == []


async def test_a_failure_is_told_without_its_text() -> None:
    traced = Traced()
    traced.tracing.span("first", Kind.SERVER, parent=None, attributes={"a": 1}).end({"b": "c"}, failed=True)
    [span] = await traced.spans()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
    assert (span.attributes, span.events) == ({"a": 1, "b": "c"}, ())


async def test_off_a_trace_that_comes_in_goes_on_as_it_is() -> None:
    tracing = open_tracing(TracingSettings(), service="test")
    span = tracing.span("first", Kind.SERVER, parent=CALLER, attributes={})
    span.end({"a": 1}, failed=True)
    assert (tracing, span.traceparent) == (NO_TRACING, CALLER)
    await tracing.close()


def test_off_the_sdk_is_not_even_imported() -> None:
    code = "import sys, waypost_api.app, waypost_ingest.app, waypost_store.app, waypost_connector.runtime; "
    code += "sys.exit(any(name.startswith('opentelemetry.sdk') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("endpoint", ["collector:4318", "http://user:secret@collector", "http://c?x=1", "ftp://c", "http://"])
def test_an_endpoint_that_is_no_address_is_refused(endpoint: str) -> None:
    with pytest.raises(ValidationError, match="should be like http://collector:4318"):
        TracingSettings(endpoint=endpoint)
