"""FastStream's broker, in a module of its own: what needs only a producer does not pay for loading FastStream."""

from faststream.kafka import KafkaBroker

from waypost_common.kafka import MAX_REQUEST_BYTES
from waypost_common.settings import KafkaSettings


def create_broker(settings: KafkaSettings, *, client_id: str) -> KafkaBroker:
    """Starts a service's subscribers, and publishes; creates no topics."""
    return KafkaBroker(
        settings.bootstrap_servers.split(","),  # else FastStream takes them for one host
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        compression_type=None if settings.compression == "none" else settings.compression,
        max_request_size=MAX_REQUEST_BYTES,
        request_timeout_ms=settings.request_timeout_ms,
        description="The brokers that WAYPOST_KAFKA_BOOTSTRAP_SERVERS names. This document shows the setting's default.",
        allow_auto_create_topics=False,
        # Its own lines are about what our loop does by itself, in a format of their own.
        logger=None,
    )
