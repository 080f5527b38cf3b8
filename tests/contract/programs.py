"""Which settings each program reads, for tests of how programs are deployed."""

from typing import Any

from pydantic import BaseModel
from pydantic_settings import BaseSettings

from waypost_api.settings import ApiSettings
from waypost_connector.settings import ConnectorSettings
from waypost_connector.simulated.settings import NetworkSettings, SimulatedBackendSettings
from waypost_ingest.settings import IngestSettings
from waypost_store.settings import StoreSettings


class ConnectorOfSimulated(ConnectorSettings, SimulatedBackendSettings):
    """What a connector reads that serves the simulated backend."""


SETTINGS_OF: dict[str, type[BaseSettings]] = {
    "waypost": StoreSettings,
    "waypost-store": StoreSettings,
    "waypost-ingest": IngestSettings,
    "waypost-api": ApiSettings,
    "waypost-connector": ConnectorOfSimulated,
    "waypost-simulated-network": NetworkSettings,
}


def variables_of(settings: type[BaseSettings]) -> set[str]:
    return {
        f"WAYPOST_{block}_{field}".upper()
        for block, block_field in settings.model_fields.items()
        if isinstance(block_field.annotation, type) and issubclass(block_field.annotation, BaseModel)
        for field in block_field.annotation.model_fields
    }


def read(program: str) -> Any:
    """Its settings, from the environment as it is."""
    return SETTINGS_OF[program]()
