"""Settings of the simulated network and of the backend that speaks to it, from the environment: `WAYPOST_<BLOCK>_<FIELD>`."""

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from waypost_common.settings import LogSettings, MetricsSettings, Port, ServiceSettings, SettingsBlock


class NetworkAddress(SettingsBlock):
    host: str = "127.0.0.1"
    """Address of the simulated network. Its traffic is not encrypted: keep it on loopback or in a network of its own."""
    port: Port = 7_700
    """Where the simulated network listens, and the connector finds it."""
    secret: Annotated[SecretStr | None, Field(min_length=16, max_length=256)] = None
    """The same for the network and its connectors: who shows it gets the list of sessions with their device keys. Unset, the
    network makes one and keeps it in its folder, in the file `secret`."""


class SimulatedBackendSettings(BaseSettings):
    """What a connector with the backend `simulated` reads beside its own."""

    model_config = ServiceSettings.model_config

    network: NetworkAddress = NetworkAddress()


class NetworkSettings(SimulatedBackendSettings):
    """The simulated network's. What world it plays is told by the command's options."""

    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()
