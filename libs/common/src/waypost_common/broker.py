"""FastStream's broker, in a module of its own: what needs only a producer does not pay for loading FastStream."""

from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from waypost_common.kafka import MAX_REQUEST_BYTES
from waypost_common.kafka_connection import take_closed_for_broken
from waypost_common.kafka_security import security_options
from waypost_common.settings import KafkaSettings


def create_broker(settings: KafkaSettings, *, client_id: str) -> KafkaBroker:
    """Starts a service's subscribers, and publishes; creates no topics."""
    take_closed_for_broken()
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
        security=_security(settings),
        # Its own lines are about what our loop does by itself, in a format of their own.
        logger=None,
    )


def _security(settings: KafkaSettings) -> BaseSecurity | None:
    """As `security_options`, in FastStream's words, which it describes in AsyncAPI."""
    if settings.security_protocol == "PLAINTEXT":
        return None
    options = security_options(settings)
    context = options.get("ssl_context")
    if not settings.uses_sasl:
        return BaseSecurity(ssl_context=context)
    login = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}[settings.sasl_mechanism]
    username, password = options["sasl_plain_username"], options["sasl_plain_password"]
    return login(username=username, password=password, ssl_context=context, use_ssl=settings.uses_tls)
