"""Spans sent to a collector by OTLP over HTTP, in batches, by a thread of OpenTelemetry's own. Imported only where they are."""

import asyncio
import threading
from contextlib import suppress
from typing import Final

import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from waypost_common.settings import TracingSettings
from waypost_common.tracing import Attributes, Kind, Span

log = structlog.stdlib.get_logger(__name__)

CLOSE_S: Final = 2.0
EXPORT_S: Final = 5.0
PATH: Final = "/v1/traces"

_KINDS: Final = {
    Kind.SERVER: SpanKind.SERVER,
    Kind.PRODUCER: SpanKind.PRODUCER,
    Kind.CONSUMER: SpanKind.CONSUMER,
    Kind.CLIENT: SpanKind.CLIENT,
}


class _OtlpSpan:
    __slots__ = ("_span",)

    def __init__(self, span: OtelSpan) -> None:
        self._span = span

    @property
    def traceparent(self) -> str:
        context = self._span.get_span_context()
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"

    def end(self, attributes: Attributes | None = None, *, name: str | None = None, failed: bool = False) -> None:
        if name is not None:
            self._span.update_name(name)
        if attributes:
            self._span.set_attributes(attributes)
        if failed:
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


class OtlpTracing:
    """A provider of its own, not the process's: nothing else is traced by it, and tests run several beside each other."""

    def __init__(self, settings: TracingSettings, *, service: str, exporter: SpanExporter | None = None) -> None:
        if exporter is None:
            exporter = OTLPSpanExporter(endpoint=f"{settings.endpoint}".rstrip("/") + PATH, timeout=EXPORT_S)
        self._provider = TracerProvider(
            sampler=ParentBasedTraceIdRatio(settings.ratio),
            # Of itself, the SDK would look for more in threads, and wait for them.
            resource=Resource({"service.name": f"waypost-{service}"}).merge(OTELResourceDetector().detect()),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("waypost")
        self._propagator = TraceContextTextMapPropagator()

    def span(self, name: str, kind: Kind, *, parent: str | None, attributes: Attributes, started_ms: float | None = None) -> Span:
        # An empty context where there is no parent: whatever else may be current is not ours.
        context = Context() if parent is None else self._propagator.extract({"traceparent": parent}, Context())
        started = None if started_ms is None else int(started_ms * 1_000_000)
        return _OtlpSpan(self._tracer.start_span(name, context, kind=_KINDS[kind], attributes=attributes, start_time=started))

    async def close(self) -> None:
        loop, closed = asyncio.get_running_loop(), asyncio.Event()

        def close() -> None:
            self._provider.shutdown()
            with suppress(RuntimeError):  # the loop has ended: nobody waits any more
                loop.call_soon_threadsafe(closed.set)

        # No thread of the loop's: a collector that does not answer would hold the end of the process.
        threading.Thread(target=close, name="send the last spans", daemon=True).start()
        try:
            async with asyncio.timeout(CLOSE_S):
                await closed.wait()
        except TimeoutError:
            log.warning("spans_not_sent", advice="the collector that WAYPOST_TRACING_ENDPOINT names does not answer")
