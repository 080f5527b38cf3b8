"""Blocks that the services' settings are made of. Every value comes from the environment: `WAYPOST_<BLOCK>_<FIELD>`."""

import binascii
import re
import string
from base64 import urlsafe_b64decode
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from waypost_common.crash_points import CrashAt
from waypost_common.events import MAX_EVENT_BYTES
from waypost_common.tls import client_context

Port = Annotated[int, Field(ge=0, le=65_535)]
DEVICE_KEY_BYTES: Final = 32
MOST_DEVICE_KEYS: Final = 16
_COLLECTOR: Final = re.compile(r"https?://[^\s/@?#]+(/[^\s@?#]*)?")
_BASE64URL: Final = frozenset(f"{string.ascii_letters}{string.digits}-_=")


class SettingsBlock(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class KafkaSettings(SettingsBlock):
    bootstrap_servers: str = "127.0.0.1:9092"
    """Comma-separated host:port list."""
    topic_prefix: str = ""
    """Put before every topic and consumer group name: several systems on one cluster, or a test's own."""
    partitions: Annotated[int, Field(ge=1, le=10_000)] = 32
    """Partitions of each topic, used by `waypost migrate` alone. Chosen once: another count is a new topic and a rebuild."""
    replication_factor: Annotated[int, Field(ge=1, le=10)] = 1
    """Copies of each partition, used by `waypost migrate` alone. Production: 3."""
    min_insync_replicas: Annotated[int, Field(ge=1, le=10)] = 1
    """Copies that must have a record before it counts as written. Production: 2."""
    backends: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,32}(,[a-z0-9_-]{1,32})*$")] = "simulated"
    """Comma-separated names of the backends that sessions may have: each has a command topic, made by `waypost migrate`. The
    first is that of a new session whose command names none. The same for all services."""
    compression: Literal["none", "gzip", "snappy", "lz4", "zstd"] = "lz4"
    """How producers compress records."""
    session_timeout_ms: Annotated[int, Field(ge=1_000, le=600_000)] = 10_000
    """Silence after which the group gives a consumer's partitions to others."""
    request_timeout_ms: Annotated[int, Field(ge=1_000, le=600_000)] = 10_000
    """How long one request to a broker may take."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """What the brokers' listener speaks: TLS where it says SSL, a login where it says SASL. See docs/security.md."""
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    """How the user logs in. PLAIN sends the password itself: over TLS alone."""
    sasl_username: str | None = None
    """The user, where the protocol is one with SASL."""
    sasl_password: SecretStr | None = None
    """The user's password."""
    ssl_ca_file: str | None = None
    """A PEM file of the authorities that the brokers' certificates are checked against. Unset: those of the system."""
    ssl_certificate_file: str | None = None
    """A PEM file with this client's own certificate (and those between), where the brokers ask for one."""
    ssl_key_file: str | None = None
    """A PEM file with the key of that certificate, without a passphrase."""

    @field_validator("sasl_username", "sasl_password", "ssl_ca_file", "ssl_certificate_file", "ssl_key_file", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="after")
    def _security_is_whole(self) -> Self:
        protocol = "WAYPOST_KAFKA_SECURITY_PROTOCOL"
        login = {"WAYPOST_KAFKA_SASL_USERNAME": self.sasl_username, "WAYPOST_KAFKA_SASL_PASSWORD": self.sasl_password}
        files = {
            "WAYPOST_KAFKA_SSL_CA_FILE": self.ssl_ca_file,
            "WAYPOST_KAFKA_SSL_CERTIFICATE_FILE": self.ssl_certificate_file,
            "WAYPOST_KAFKA_SSL_KEY_FILE": self.ssl_key_file,
        }
        for name, value in login.items():
            if self.uses_sasl and value is None:
                raise ValueError(f"{name} is needed for {protocol}={self.security_protocol}")
            if not self.uses_sasl and value is not None:
                raise ValueError(f"{name} would not be used: set {protocol} to SASL_SSL, or unset it")
        for name, value in files.items():
            if not self.uses_tls and value is not None:
                raise ValueError(f"{name} would not be used: set {protocol} to SSL or SASL_SSL, or unset it")
        if (self.ssl_certificate_file is None) != (self.ssl_key_file is None):
            raise ValueError("WAYPOST_KAFKA_SSL_CERTIFICATE_FILE and WAYPOST_KAFKA_SSL_KEY_FILE go together: set both or none")
        if self.uses_sasl and not self.uses_tls and self.sasl_mechanism == "PLAIN":
            raise ValueError(
                f"WAYPOST_KAFKA_SASL_MECHANISM=PLAIN would send the password in the clear: set {protocol} to SASL_SSL"
            )
        if self.uses_tls:
            client_context(self.ssl_ca_file, self.ssl_certificate_file, self.ssl_key_file)
        return self

    @property
    def uses_tls(self) -> bool:
        return self.security_protocol in ("SSL", "SASL_SSL")

    @property
    def uses_sasl(self) -> bool:
        return self.security_protocol in ("SASL_PLAINTEXT", "SASL_SSL")

    @property
    def backend_names(self) -> tuple[str, ...]:
        return tuple(self.backends.split(","))

    @property
    def default_backend(self) -> str:
        return self.backend_names[0]


class MongoSettings(SettingsBlock):
    url: SecretStr = SecretStr("mongodb://127.0.0.1:27017/?replicaSet=rs0")
    """A connection string. Secret, since it may hold a password."""
    database: Annotated[str, Field(min_length=1, max_length=63)] = "waypost"
    """All collections live in it."""
    driver: Literal["motor", "pymongo"] = "motor"
    """`motor`, or PyMongo's own asyncio client, which succeeds it."""
    server_selection_timeout_ms: Annotated[int, Field(ge=100, le=600_000)] = 3_000
    """How long a request waits for a usable server before it is answered 503."""
    max_pool_size: Annotated[int, Field(ge=1, le=10_000)] = 50
    """Most connections that one process keeps open."""

    @field_validator("url")
    @classmethod
    def _url_is_a_connection_string(cls, url: SecretStr) -> SecretStr:
        from pymongo.errors import PyMongoError  # noqa: PLC0415 - the connector needs no driver
        from pymongo.uri_parser import parse_uri  # noqa: PLC0415

        text = url.get_secret_value()
        try:
            # A seed list is looked up in DNS, which is the client's business.
            if not text.startswith("mongodb+srv://"):
                parse_uri(text)
        except (PyMongoError, ValueError, TypeError):
            # Their own texts quote parts of the URL.
            raise ValueError(
                "should be like mongodb://USER:PASSWORD@HOST:PORT/?replicaSet=rs0, with options that MongoDB knows, "
                "and user and password percent-encoded"
            ) from None
        return url


class DeviceBlock(SettingsBlock):
    keys: SecretStr | None = None
    """Seal what sessions log in to WhatsApp with: 32 random bytes each in base64url, as `waypost devices new-key` makes them,
    separated by commas, newest first. The first seals, all open. The same for all connectors, which do not start without; see
    docs/device-keys.md."""

    @field_validator("keys")
    @classmethod
    def _keys_are_keys(cls, keys: SecretStr | None) -> SecretStr | None:
        if keys is not None:
            _decoded_keys(keys)
        return keys

    def decoded(self) -> tuple[bytes, ...]:
        """Each once, newest first; empty when none is set."""
        return () if self.keys is None else _decoded_keys(self.keys)


def _decoded_keys(keys: SecretStr) -> tuple[bytes, ...]:
    found = [_decoded_key(part.strip()) for part in keys.get_secret_value().split(",", MOST_DEVICE_KEYS)]
    if len(found) > MOST_DEVICE_KEYS or any(len(key) != DEVICE_KEY_BYTES for key in found):
        raise ValueError(
            f"should be 1 to {MOST_DEVICE_KEYS} keys separated by commas, newest first, each {DEVICE_KEY_BYTES} random bytes in "
            "base64url (43 characters): make one with `waypost devices new-key`"
        )
    return tuple(dict.fromkeys(found))


def _decoded_key(text: str) -> bytes:
    """Empty when it is no base64url; its padding may be missing."""
    try:
        # Told its alphabet alone, the decoder passes over what is not in it.
        return urlsafe_b64decode(text + "=" * (-len(text) % 4)) if set(text) <= _BASE64URL else b""
    except binascii.Error:
        return b""


class BatchSettings(SettingsBlock):
    max_records: Annotated[int, Field(ge=1, le=100_000)] = 5_000
    """Most events folded in one go, over all partitions of this process. Larger is faster while behind, and takes more memory."""
    max_event_bytes: Annotated[int, Field(ge=1_024, le=8 * 1024 * 1024)] = MAX_EVENT_BYTES
    """Events larger than this go to the dead-letter queue."""


class MetricsSettings(SettingsBlock):
    host: str = "127.0.0.1"
    """Address of /healthz, /readyz and /metrics. Loopback unless told otherwise."""
    port: Port = 0
    """0 takes any free port."""


class LogSettings(SettingsBlock):
    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe lines that are written."""
    format: Literal["json", "console"] = "json"
    """One JSON object a line, or text for people."""


class TracingSettings(SettingsBlock):
    endpoint: str | None = None
    """Where an OTLP collector takes traces over HTTP, like `http://collector:4318`; `/v1/traces` is added. Unset: no traces."""
    ratio: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of the requests that are traced, of those that bring no trace of their caller: else the caller's choice holds."""

    @field_validator("endpoint")
    @classmethod
    def _endpoint_is_an_address(cls, endpoint: str | None) -> str | None:
        if endpoint is not None and not _COLLECTOR.fullmatch(endpoint):
            raise ValueError("should be like http://collector:4318, without user, query or fragment")
        return endpoint


class CrashSettings(SettingsBlock):
    at: str | None = None
    """For tests alone, never set in a system that is used: the process kills itself when it has passed the place of this name so
    many times, `ingest.after_write:3`. Which there are: `waypost_common.crash_points`."""

    @field_validator("at")
    @classmethod
    def _there_is_such_a_point(cls, at: str | None) -> str | None:
        if at is not None:
            CrashAt.parsed(at)
        return at


class ServiceSettings(BaseSettings):
    """Base of each service's settings class."""

    model_config = SettingsConfigDict(
        env_prefix="WAYPOST_",
        env_nested_delimiter="_",
        env_nested_max_split=1,
        frozen=True,
        extra="ignore",
        use_attribute_docstrings=True,
    )

    kafka: KafkaSettings = KafkaSettings()
    mongo: MongoSettings = MongoSettings()
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()
    tracing: TracingSettings = TracingSettings()
    crash: CrashSettings = CrashSettings()
