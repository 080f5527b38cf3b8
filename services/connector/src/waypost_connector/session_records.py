"""What a session's deliveries and its status become on Kafka."""

import time
from collections.abc import Mapping
from typing import Any

import structlog
from pydantic import ValidationError

from waypost_common.dead_letters import DeadLetterReason
from waypost_common.identifiers import EpochMs, EventId, new_event_id
from waypost_common.topics import EVENTS, EVENTS_DLQ
from waypost_connector.addresses import ChatAddresses, with_chosen_chat
from waypost_connector.backend import Backend, Delivery, Device
from waypost_connector.envelopes import envelope, read_event, reason
from waypost_connector.metrics import ConnectorMetrics
from waypost_connector.publisher import Record, record_of

log = structlog.stdlib.get_logger(__name__)


class SessionRecords:
    """One per session, whose people's chats are named as `addresses` says."""

    def __init__(
        self, device: Device, metrics: ConnectorMetrics, addresses: ChatAddresses, *, gateway_id: str, topic_prefix: str
    ) -> None:
        self._device = device
        self._metrics = metrics
        self._gateway_id = gateway_id
        self._events, self._dead_letters = topic_prefix + EVENTS, topic_prefix + EVENTS_DLQ
        self._addresses = addresses

    async def of_delivery(self, delivery: Delivery) -> Record:
        """For `wa.events`, or for the dead letters when the delivery is no valid event. May wait, as `ChatAddresses` does."""
        payload = delivery.payload
        try:
            payload = await with_chosen_chat(delivery.event, payload, delivery.alternative, self._addresses)
            return record_of(read_event(self._envelope(delivery.event_id, delivery.event, payload)), self._events)
        except ValidationError as error:
            why = reason(error)
        except ValueError as error:
            why = str(error)
        self._metrics.rejected.labels("invalid").inc()
        log.warning("invalid_delivery", session=self._device.session, event_id=delivery.event_id, reason=why)
        return Record(
            topic=self._dead_letters,
            key=self._device.session.encode(),
            value=self._envelope(delivery.event_id, delivery.event, payload),
            headers=(
                ("dlq-reason", DeadLetterReason.SCHEMA_VIOLATION.value.encode()),
                ("dlq-detail", why.encode()),
                ("dlq-origin-gateway", self._gateway_id.encode()),
            ),
            label="invalid",
        )

    def of_status(self, status: str, backend: Backend, facts: Mapping[str, Any]) -> Record:
        """A session.status of this device as it is served here; `facts` are more fields of it."""
        payload = {
            "status": status,
            "backend": backend.name,
            "operations": list(backend.operations),
            "gatewayId": self._gateway_id,
            **({} if self._device.label is None else {"label": self._device.label}),
            **({} if self._device.fence is None else {"fence": self._device.fence}),
            **facts,
        }
        return record_of(read_event(self._envelope(new_event_id(), "session.status", payload)), self._events)

    def _envelope(self, event_id: EventId, event: str, payload: Mapping[str, Any]) -> bytes:
        return envelope(
            event_id=event_id,
            event=event,
            session=self._device.session,
            organization=self._device.organization,
            timestamp=EpochMs(time.time_ns() // 1_000_000),
            payload=payload,
        )
