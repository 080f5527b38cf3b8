"""TLS and login for Kafka: whole or refused, the same for every client, and never shown."""

import ssl
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaConnectionError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from pydantic import SecretStr, ValidationError
from tests.unit.architecture.sources import called, calls, trees

from waypost_common.broker import create_broker
from waypost_common.environment import load_settings
from waypost_common.kafka import create_admin, create_consumer, create_producer
from waypost_common.kafka_security import refusal_text, security_options
from waypost_common.settings import KafkaSettings, ServiceSettings

LOGIN: dict[str, Any] = {"sasl_username": "someone", "sasl_password": SecretStr("hunter2")}
PROTOCOL, USER, PASSWORD = "WAYPOST_KAFKA_SECURITY_PROTOCOL", "WAYPOST_KAFKA_SASL_USERNAME", "WAYPOST_KAFKA_SASL_PASSWORD"
PEM_FILES = "name PEM files of a certificate and of its key, without a passphrase"
AUTHORITY, CERTIFICATE, KEY = (
    "WAYPOST_KAFKA_SSL_CA_FILE",
    "WAYPOST_KAFKA_SSL_CERTIFICATE_FILE",
    "WAYPOST_KAFKA_SSL_KEY_FILE",
)


def test_nothing_is_encrypted_unless_told() -> None:
    assert security_options(KafkaSettings()) == {"security_protocol": "PLAINTEXT"}


def test_a_login_over_tls_checks_the_server_and_its_name() -> None:
    options = security_options(KafkaSettings(security_protocol="SASL_SSL", **LOGIN))
    context = options.pop("ssl_context")
    assert options == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "someone",
        "sasl_plain_password": "hunter2",
    }
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({PROTOCOL: "SASL_SSL", PASSWORD: "hunter2"}, f"{USER} is needed for {PROTOCOL}=SASL_SSL"),
        ({PROTOCOL: "SASL_PLAINTEXT", USER: "someone"}, f"{PASSWORD} is needed for {PROTOCOL}=SASL_PLAINTEXT"),
        ({USER: "someone", PASSWORD: "hunter2"}, f"{USER} would not be used: set {PROTOCOL} to SASL_SSL, or unset it"),
        ({PROTOCOL: "SSL", PASSWORD: "hunter2"}, f"{PASSWORD} would not be used: set {PROTOCOL} to SASL_SSL, or unset it"),
        ({AUTHORITY: "/hunter2"}, f"{AUTHORITY} would not be used: set {PROTOCOL} to SSL or SASL_SSL, or unset it"),
        (
            {PROTOCOL: "SSL", AUTHORITY: "/hunter2"},
            f"{AUTHORITY} cannot be read (No such file or directory): name a PEM file of certificate authorities",
        ),
        (
            {PROTOCOL: "SSL", AUTHORITY: __file__},
            f"{AUTHORITY} cannot be used (NO_CERTIFICATE_OR_CRL_FOUND): name a PEM file of certificate authorities",
        ),
        ({PROTOCOL: "SSL", CERTIFICATE: "/hunter2"}, f"{CERTIFICATE} and {KEY} go together: set both or none"),
        (
            {PROTOCOL: "SSL", CERTIFICATE: "/hunter2", KEY: "/hunter2"},
            f"{CERTIFICATE} or {KEY} cannot be read (No such file or directory): {PEM_FILES}",
        ),
        (
            {PROTOCOL: "SASL_PLAINTEXT", USER: "someone", PASSWORD: "hunter2", "WAYPOST_KAFKA_SASL_MECHANISM": "PLAIN"},
            f"WAYPOST_KAFKA_SASL_MECHANISM=PLAIN would send the password in the clear: set {PROTOCOL} to SASL_SSL",
        ),
        ({PROTOCOL: "SASL_SSL", USER: "someone", PASSWORD: ""}, f"{PASSWORD} is needed for {PROTOCOL}=SASL_SSL"),
    ],
)
def test_half_a_configuration_is_one_line_that_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], environment: dict[str, str], line: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        load_settings(ServiceSettings, "unit")
    assert capsys.readouterr().err == f"unit: {line}\n"


def test_a_password_is_not_shown() -> None:
    settings = KafkaSettings(security_protocol="SASL_SSL", **LOGIN)
    assert "hunter2" not in repr(settings) + settings.model_dump_json()
    with pytest.raises(ValidationError) as refused:
        KafkaSettings(**LOGIN)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_every_client_logs_in_the_same_way(mechanism: Any) -> None:
    settings = KafkaSettings(security_protocol="SASL_SSL", sasl_mechanism=mechanism, **LOGIN)
    producer, admin = create_producer(settings, client_id="unit"), create_admin(settings, client_id="unit")
    consumer = create_consumer(settings, "topic", client_id="unit")
    through_faststream: Any = create_broker(settings, client_id="unit")
    options = through_faststream._connection_kwargs
    for client in (producer.client, admin._client, consumer._client):
        assert (client._security_protocol, client._sasl_mechanism) == ("SASL_SSL", mechanism)
        assert (client._sasl_plain_username, client._sasl_plain_password) == ("someone", "hunter2")
        assert client._ssl_context.check_hostname
    assert (options["security_protocol"], options["sasl_mechanism"]) == ("SASL_SSL", mechanism)
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("someone", "hunter2")
    assert options["ssl_context"].check_hostname
    await producer.stop()
    await consumer.stop()


def test_no_other_module_opens_a_client_of_its_own() -> None:
    clients = {"AIOKafkaConsumer", "AIOKafkaProducer", "AIOKafkaAdminClient", "KafkaBroker"}
    found = {Path(name).name for name, tree in trees("libs", "services") for call in calls(tree) if called(call) in clients}
    assert found == {"kafka.py", "broker.py"}


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (SaslAuthenticationFailed("hunter2"), "Kafka at k:1 refuses the user or password (SCRAM-SHA-512): correct"),
        (AuthenticationFailedError("hunter2"), "Kafka at k:1 refuses the user or password (SCRAM-SHA-512): correct"),
        (UnsupportedSaslMechanismError(), "Kafka at k:1 does not take SCRAM-SHA-512: correct WAYPOST_KAFKA_SASL_MECHANISM"),
        (IllegalSaslStateError(), "Kafka at k:1 does not take SCRAM-SHA-512: correct WAYPOST_KAFKA_SASL_MECHANISM"),
        (ssl.SSLError(1, "hunter2"), "no TLS connection to Kafka at k:1 (SSLError): correct WAYPOST_KAFKA_SECURITY_PROTOCOL"),
    ],
)
def test_a_refusal_says_what_to_correct(error: BaseException, text: str) -> None:
    told = refusal_text(error, "k:1", "SCRAM-SHA-512")
    assert told is not None
    assert told.startswith(text)
    assert "hunter2" not in told


def test_a_broker_that_refuses_our_certificate_once_we_are_connected_says_what_to_correct() -> None:
    error = KafkaConnectionError("Connection at k:1 closed")
    error.__cause__ = ssl.SSLError(1, "tlsv13 alert certificate required")
    told = refusal_text(error, "k:1", "SCRAM-SHA-512")
    assert told is not None
    assert "or WAYPOST_KAFKA_SSL_CERTIFICATE_FILE where it asks for a certificate" in told


@pytest.mark.parametrize("error", [ConnectionRefusedError(), ConnectionResetError(), TimeoutError(), KafkaConnectionError()])
def test_what_may_pass_is_no_refusal(error: BaseException) -> None:
    assert refusal_text(error, "k:1", "SCRAM-SHA-512") is None


async def test_a_broker_that_is_away_is_away_also_over_tls() -> None:
    admin = create_admin(KafkaSettings(bootstrap_servers="127.0.0.1:1", security_protocol="SSL"), client_id="unit")
    with pytest.raises(KafkaConnectionError) as error:
        await admin.start()
    assert type(error.value) is KafkaConnectionError
