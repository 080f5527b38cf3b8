"""Settings of the connector and of the simulated network, from the environment: `WAYPOST_<BLOCK>_<FIELD>`."""

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from waypost_common.settings import DeviceBlock, LogSettings, MetricsSettings, Port, ServiceSettings, SettingsBlock
from waypost_connector.live.settings import SendingBlock


class NetworkAddress(SettingsBlock):
    host: str = "127.0.0.1"
    """Address of the simulated network. Its traffic is not encrypted: keep it on loopback or in a network of its own."""
    port: Port = 7_700
    """Where the simulated network listens, and the connector finds it."""
    secret: Annotated[SecretStr | None, Field(min_length=16, max_length=256)] = None
    """The same for the network and its connectors: who shows it gets the list of sessions with their device keys. Unset, the
    network makes one and keeps it in its folder, in the file `secret`."""


class ConnectorBlock(SettingsBlock):
    gateway_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")] = "connector-1"
    """Name of this connector slot: in session.status as `gatewayId`, in Kafka as part of the client id."""
    buffer_events: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """Events kept in memory while Kafka is away; then nothing more is taken from WhatsApp."""
    refresh_seconds: Annotated[float, Field(gt=0, le=3_600)] = 3.0
    """How often the list of sessions is asked for."""
    disconnected_seconds: Annotated[float, Field(ge=0, le=3_600)] = 10.0
    """A session without connection for longer than this is published as `starting` again."""
    shutdown_seconds: Annotated[float, Field(gt=0, le=600)] = 10.0
    """How long SIGTERM may wait for Kafka to take what is in memory. What it does not take is delivered again later."""


class ConnectorSettings(ServiceSettings):
    network: NetworkAddress = NetworkAddress()
    connector: ConnectorBlock = ConnectorBlock()
    devices: DeviceBlock = DeviceBlock()
    sending: SendingBlock = SendingBlock()


class NetworkSettings(BaseSettings):
    """The simulated network's. What world it plays is told by the command's options."""

    model_config = ServiceSettings.model_config

    network: NetworkAddress = NetworkAddress()
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()
