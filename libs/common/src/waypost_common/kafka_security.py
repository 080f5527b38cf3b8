"""How clients of Kafka prove who they are and whom they speak to, and what it means when that fails."""

import ssl
from typing import Any, Final

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from waypost_common.settings import KafkaSettings
from waypost_common.tls import client_context

ASKED_AGAIN_MS: Final = 3_000


class KafkaRefusedError(KafkaConnectionError):
    """A broker is there and will not have us, or we not it: nothing helps but other settings. The text is one line of advice."""

    retriable = False


def security_options(settings: KafkaSettings) -> dict[str, Any]:
    """Options of every client of aiokafka. Reads the certificate files, which the settings have checked."""
    options: dict[str, Any] = {"security_protocol": settings.security_protocol}
    if settings.uses_tls:
        options["ssl_context"] = client_context(settings.ssl_ca_file, settings.ssl_certificate_file, settings.ssl_key_file)
    if settings.uses_sasl and settings.sasl_password is not None:
        options |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": settings.sasl_password.get_secret_value(),
        }
    return options


def tell_refusals(client: Any, settings: KafkaSettings) -> None:
    """`client` is an AIOKafkaClient, whose start then raises KafkaRefusedError where that is why it fails.

    aiokafka (0.14, `AIOKafkaClient.bootstrap`) says of all brokers alike that it could not connect, and logs the reason only.
    """
    if settings.security_protocol == "PLAINTEXT":
        return
    bootstrap = client.bootstrap

    async def bootstrap_or_tell() -> None:
        try:
            await bootstrap()
        except KafkaConnectionError:
            if (advice := await _refusal(settings)) is not None:
                raise KafkaRefusedError(advice) from None
            raise

    client.bootstrap = bootstrap_or_tell


async def _refusal(settings: KafkaSettings) -> str | None:
    """What the first broker that can be reached has against us, or we against it; None when that is not why."""
    options = security_options(settings) | {"request_timeout_ms": min(settings.request_timeout_ms, ASKED_AGAIN_MS)}
    for host, port, _ in collect_hosts(settings.bootstrap_servers):
        try:
            connection = await create_conn(host, port, client_id="waypost", **options)
        except (KafkaError, OSError) as error:
            advice = refusal_text(error, f"{host}:{port}", settings.sasl_mechanism)
            if advice is not None:
                return advice
        else:
            connection.close()
            return None
    return None


def refusal_text(error: BaseException, where: str, mechanism: str) -> str | None:
    """One line, without a secret; None for an error that may pass by itself."""
    match error:
        case KafkaConnectionError(__cause__=ssl.SSLError() as cause):
            # TLS 1.3: a broker refuses a client's certificate, or that there is none, once the client is connected.
            return refusal_text(cause, where, mechanism)
        case ssl.SSLCertVerificationError():
            return (
                f"Kafka's certificate at {where} is not trusted ({error.verify_message}): correct WAYPOST_KAFKA_SSL_CA_FILE, "
                "or name the brokers in WAYPOST_KAFKA_BOOTSTRAP_SERVERS as their certificates do"
            )
        case ssl.SSLError():
            return (
                f"no TLS connection to Kafka at {where} ({getattr(error, 'reason', None) or type(error).__name__}): "
                "correct WAYPOST_KAFKA_SECURITY_PROTOCOL to what that listener speaks, "
                "or WAYPOST_KAFKA_SSL_CERTIFICATE_FILE where it asks for a certificate"
            )
        case SaslAuthenticationFailed() | AuthenticationFailedError():
            return (
                f"Kafka at {where} refuses the user or password ({mechanism}): "
                "correct WAYPOST_KAFKA_SASL_USERNAME, WAYPOST_KAFKA_SASL_PASSWORD, or make that user in Kafka"
            )
        case UnsupportedSaslMechanismError() | IllegalSaslStateError():
            return (
                f"Kafka at {where} does not take {mechanism}: correct WAYPOST_KAFKA_SASL_MECHANISM, "
                "or WAYPOST_KAFKA_SECURITY_PROTOCOL where that listener wants no login"
            )
        case _:
            return None
