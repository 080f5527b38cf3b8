"""Settings of the API, from the environment: `WAYPOST_<BLOCK>_<FIELD>`."""

import re
from typing import Annotated, Final, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from waypost_common.settings import Port, ServiceSettings, SettingsBlock

_ORIGIN: Final = re.compile(r"https?://(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
ANY_ORIGIN: Final = "*"


def _listed(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


class HttpSettings(SettingsBlock):
    host: str = "127.0.0.1"
    """Address to listen on. Loopback unless told otherwise."""
    port: Port = 8080
    """0 takes any free port."""
    max_body_bytes: Annotated[int, Field(ge=1_024, le=64 * 1024 * 1024)] = 1024 * 1024
    """A longer request body is answered 413 and not read to its end."""
    body_timeout_s: Annotated[float, Field(gt=0, le=600)] = 20
    """How long a request's body may take to arrive before it is answered 408."""
    max_head_bytes: Annotated[int, Field(ge=1_024, le=1024 * 1024)] = 64 * 1024
    """A longer request line with its headers is answered 431."""
    head_timeout_s: Annotated[float, Field(gt=0, le=600)] = 15
    """How long a request's line and headers may take to arrive; then the connection is closed."""
    write_timeout_s: Annotated[float, Field(gt=0, le=600)] = 30
    """How long an answer may wait for its client to take it; then the connection is cut."""
    max_connections: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """Connections open at once; one more is answered 503 and closed."""
    max_in_flight: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    """Requests under way at once; one more is answered 503."""
    shutdown_timeout_s: Annotated[int, Field(ge=1, le=600)] = 15
    """How long requests under way may take to finish after SIGTERM."""
    cors_origins: str = ""
    """Comma-separated origins whose scripts may use the API from a browser, each as a browser sends it
    (`https://app.example.com`, with the port where it is not the default); `*` alone: any. Empty: none."""

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        return _listed(self.cors_origins)

    @field_validator("cors_origins")
    @classmethod
    def _origins_are_exact(cls, text: str) -> str:
        origins = _listed(text)
        if origins != (ANY_ORIGIN,) and not all(_ORIGIN.fullmatch(origin) for origin in origins):
            raise ValueError("should be origins like https://app.example.com, in small letters and without a path, or * alone")
        return text


class JwtSettings(SettingsBlock):
    jwks_url: str | None = None
    """Where the frontend publishes its public keys. Unset: login tokens are refused, api keys work."""
    issuer: str | None = None
    """The `iss` that a login token must carry."""
    audience: str | None = None
    """The `aud` that a login token must carry."""
    organization_claim: Annotated[str, Field(min_length=1)] = "org_id"
    """The claim that names the organization."""
    role_claim: Annotated[str, Field(min_length=1)] = "role"
    """The claim that names the role: owner, admin, member or super_admin."""
    leeway_s: Annotated[int, Field(ge=0, le=60)] = 5
    """Clock difference forgiven when `exp` and `nbf` are checked."""
    refetch_interval_s: Annotated[float, Field(ge=1, le=3_600)] = 5
    """An unknown `kid` fetches the keys again at most this often."""
    max_age_s: Annotated[float, Field(ge=10, le=86_400)] = 300
    """Keys older than this are fetched again, so that a withdrawn one is dropped."""
    outage_s: Annotated[float, Field(ge=0, le=604_800)] = 86_400
    """How much longer known keys go on while they cannot be fetched again. Then login tokens are answered 503."""
    timeout_s: Annotated[float, Field(gt=0, le=30)] = 3
    """How long fetching the keys may take."""

    @model_validator(mode="after")
    def _issuer_and_audience_are_told(self) -> Self:
        if self.jwks_url is not None and not (self.issuer and self.audience):
            raise ValueError("WAYPOST_JWT_JWKS_URL needs WAYPOST_JWT_ISSUER and WAYPOST_JWT_AUDIENCE beside it")
        return self


class CursorSettings(SettingsBlock):
    secret: SecretStr | None = None
    """Signs paging cursors and seals the ids of the stream of events: at least 16 characters, the same on every replica. Unset:
    a random one, gone at restart."""

    @model_validator(mode="after")
    def _secret_is_long_enough(self) -> Self:
        if self.secret is not None and len(self.secret.get_secret_value()) < 16:
            raise ValueError("WAYPOST_CURSOR_SECRET must have at least 16 characters")
        return self


class CommandSettings(SettingsBlock):
    deadline_ms: Annotated[int, Field(ge=100, le=120_000)] = 10_000
    """How long a request waits for the outcome of its command; past it no executor starts the command."""
    live_deadline_ms: Annotated[int, Field(ge=100, le=300_000)] = 30_000
    """The same for what reaches WhatsApp: longer than another connector needs to take over a session."""
    queued_deadline_ms: Annotated[int, Field(ge=1_000, le=86_400_000)] = 3_600_000
    """How long an asynchronous message may wait for its session's send limits."""
    publish_timeout_ms: Annotated[int, Field(ge=100, le=60_000)] = 2_000
    """How long Kafka may take to acknowledge a command before the request is answered 503."""


class CacheSettings(SettingsBlock):
    api_key_ms: Annotated[int, Field(ge=0, le=2_000)] = 1_000
    """How long a revoked key may still work."""
    generation_ms: Annotated[int, Field(ge=0, le=10_000)] = 1_000
    """How long reads may follow the former generation after a switch."""


class ReadSettings(SettingsBlock):
    timeout_ms: Annotated[int, Field(ge=100, le=60_000)] = 3_000
    """How long the documents of one request may take to read before it is answered 503."""
    searches_per_organization: Annotated[int, Field(ge=1, le=1_000)] = 4
    """Lists with a filter that no index serves, under way at once for one organization; one more is answered 503."""


class DialectSettings(SettingsBlock):
    """Of the second dialect: the endpoints below /api/chat."""

    requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    """How many requests a token may make below /api/chat in a minute, over all replicas; one more is answered 429."""


class StreamSettings(SettingsBlock):
    """Of the stream of events, in each replica."""

    most: Annotated[int, Field(ge=1, le=100_000)] = 300
    """Streams open at once; one more is answered 503."""
    most_of_organization: Annotated[int, Field(ge=1, le=100_000)] = 50
    """The same for one organization; one more is answered 429."""
    catching_up: Annotated[int, Field(ge=1, le=1_000)] = 8
    """Streams that read the past at once, half of them at most of one organization; the others wait."""
    queue_events: Annotated[int, Field(ge=1, le=1_000_000)] = 1_000
    """How many events may wait for the client of a stream; with one more it is told so, and ended."""
    queue_bytes: Annotated[int, Field(ge=1_024, le=64 * 1024 * 1024)] = 1024 * 1024
    """The same in bytes. One event is taken however large it is."""
    heartbeat_s: Annotated[int, Field(ge=1, le=60)] = 20
    """After so long without an event a stream is sent a sign of life."""


class ApiSettings(ServiceSettings):
    http: HttpSettings = HttpSettings()
    jwt: JwtSettings = JwtSettings()
    cursor: CursorSettings = CursorSettings()
    commands: CommandSettings = CommandSettings()
    cache: CacheSettings = CacheSettings()
    reads: ReadSettings = ReadSettings()
    dialect: DialectSettings = DialectSettings()
    streams: StreamSettings = StreamSettings()
