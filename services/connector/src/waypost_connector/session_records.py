"""What a session's deliveries and its status become on Kafka."""

import time
from collections.abc import Mapping
from typing import Any, Final

import orjson
import structlog
from pydantic import ValidationError

from waypost_common.dead_letters import MAX_BYTES, DeadLetterReason
from waypost_common.identifiers import EpochMs, EventId, new_event_id
from waypost_common.topics import EVENTS, EVENTS_DLQ
from waypost_connector.addresses import OF_THE_SESSION, ChatAddresses, with_chosen_chat
from waypost_connector.backend import Backend, Delivery, Device
from waypost_connector.envelopes import Envelope, read_event, reason
from waypost_connector.fences import Hold
from waypost_connector.metrics import ConnectorMetrics
from waypost_connector.publisher import Record, record_of

log = structlog.stdlib.get_logger(__name__)

MAX_RECORD_BYTES: Final = MAX_BYTES - 64 * 1024
"""Beside headers and Kafka's own fields, of what the dead letters take. No valid event is as large, by its fields' bounds."""


class SessionRecords:
    """One each time a session is taken. Its people's chats are named as `addresses` says."""

    def __init__(
        self,
        device: Device,
        hold: Hold,
        metrics: ConnectorMetrics,
        addresses: ChatAddresses,
        *,
        gateway_id: str,
        topic_prefix: str,
    ) -> None:
        self._device = device
        self._hold = hold
        self._origin = (("gateway", gateway_id.encode()), ("fence", str(hold.fence).encode()))
        self._metrics = metrics
        self._gateway_id = gateway_id
        self._events, self._dead_letters = topic_prefix + EVENTS, topic_prefix + EVENTS_DLQ
        self._addresses = addresses

    async def of_delivery(self, delivery: Delivery) -> Record:
        """For `wa.events`, or for the dead letters when the delivery is no valid event. May wait, as `ChatAddresses` does."""
        payload: object = delivery.payload  # of a backend, which may break its promise
        try:
            if not isinstance(payload, Mapping):
                raise ValueError(f"payload: {type(payload).__name__}, expected an object")  # noqa: TRY301, TRY004
            payload = await with_chosen_chat(delivery.event, payload, delivery.alternative, self._addresses)
            return self._record(delivery.event_id, delivery.event, payload)
        except ValidationError as error:
            return self._dead_letter(delivery, payload, reason(error))
        except (ValueError, orjson.JSONEncodeError) as error:
            return self._dead_letter(delivery, payload, str(error))

    def _dead_letter(self, delivery: Delivery, payload: object, why: str) -> Record:
        self._metrics.dead_letters.labels(EVENTS_DLQ, DeadLetterReason.SCHEMA_VIOLATION).inc()
        log.warning("invalid_delivery", session=self._device.session, event_id=delivery.event_id, reason=why)
        value = self._envelope(delivery.event_id, delivery.event).around_anything(payload)
        headers = [
            ("dlq-reason", DeadLetterReason.SCHEMA_VIOLATION.value.encode()),
            ("dlq-detail", why[:1_000].encode("utf-8", "replace")),
            ("dlq-origin-gateway", self._gateway_id.encode()),
        ]
        if len(value) > MAX_RECORD_BYTES:
            headers.append(("dlq-cut-from-bytes", str(len(value)).encode()))
            value = value[: MAX_RECORD_BYTES // 2]
        return Record(
            topic=self._dead_letters,
            key=self._device.session.encode(),
            value=value,
            headers=tuple(headers),
            label="invalid",
            hold=self._hold,
        )

    def of_status(self, status: str, backend: Backend, facts: Mapping[str, Any]) -> Record:
        """A session.status of this device as it is served here; `facts` are more fields of it."""
        payload = {
            "status": status,
            "backend": backend.name,
            "operations": list(backend.operations),
            "gatewayId": self._gateway_id,
            **({} if self._device.label is None else {"label": self._device.label}),
            **facts,
        }
        return self._record(new_event_id(), "session.status", payload)

    def _record(self, event_id: EventId, event: str, payload: Mapping[str, Any]) -> Record:
        """Raises ValidationError, orjson.JSONEncodeError."""
        if event in OF_THE_SESSION:
            payload = {**payload, "fence": self._hold.fence}
        value = self._envelope(event_id, event).around(payload)
        return record_of(read_event(value), self._events, origin=self._origin, hold=self._hold)

    def _envelope(self, event_id: EventId, event: str) -> Envelope:
        return Envelope(
            event_id=event_id,
            event=event,
            session=self._device.session,
            organization=self._device.organization,
            timestamp=EpochMs(time.time_ns() // 1_000_000),
        )
