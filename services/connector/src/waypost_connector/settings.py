"""Settings of the connector, from the environment: `WAYPOST_<BLOCK>_<FIELD>`."""

from typing import Annotated

from pydantic import Field

from waypost_common.settings import DeviceBlock, ServiceSettings, SettingsBlock
from waypost_connector.live.settings import SendingBlock


class ConnectorBlock(SettingsBlock):
    backend: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,32}$")] = "simulated"
    """How this connector reaches WhatsApp: a backend of an installed package (docs/backend-protocol.md), and one of
    `WAYPOST_KAFKA_BACKENDS`."""
    gateway_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")] = "connector-1"
    """Name of this connector slot: in session.status as `gatewayId`, in Kafka as part of the client id."""
    buffer_events: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """Events kept in memory while Kafka is away; then nothing more is taken from WhatsApp."""
    buffer_bytes: Annotated[int, Field(ge=1_048_576, le=68_719_476_736)] = 67_108_864
    """Bytes of such events that are kept at most; whichever bound is reached first holds."""
    refresh_seconds: Annotated[float, Field(gt=0, le=3_600)] = 3.0
    """How often the list of sessions is asked for."""
    logins_at_once: Annotated[int, Field(ge=1, le=100_000)] = 100
    """Sessions that log in to WhatsApp at one time; the others wait for their turn."""
    disconnected_seconds: Annotated[float, Field(ge=0, le=3_600)] = 10.0
    """A session without connection for longer than this is published as `starting` again."""
    shutdown_seconds: Annotated[float, Field(gt=0, le=600)] = 10.0
    """How long SIGTERM may wait for Kafka to take what is in memory. What it does not take is delivered again later."""


class ConnectorSettings(ServiceSettings):
    connector: ConnectorBlock = ConnectorBlock()
    devices: DeviceBlock = DeviceBlock()
    sending: SendingBlock = SendingBlock()
