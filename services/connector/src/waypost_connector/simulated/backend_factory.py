"""What the entry point `simulated` in the group `waypost.backends` names."""

from typing import Final

from waypost_common.environment import load_settings
from waypost_connector.backend import BackendSettings
from waypost_connector.simulated.client import SimulatedBackend
from waypost_connector.simulated.settings import SimulatedBackendSettings

PROGRAM: Final = "waypost-connector"


def create(settings: BackendSettings) -> SimulatedBackend:
    """A `waypost_connector.backend.BackendFactory`."""
    return SimulatedBackend(load_settings(SimulatedBackendSettings, PROGRAM).network, client=settings.gateway_id)
