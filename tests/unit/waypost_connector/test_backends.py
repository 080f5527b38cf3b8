"""Backends are plug-ins: found by their entry points, and known to nobody else."""

from importlib.metadata import EntryPoint

import pytest

from waypost_common.errors import CannotRunError
from waypost_connector.backend import BackendSettings
from waypost_connector.backends import GROUP, UnknownBackendError, installed, load_backend
from waypost_connector.simulated.client import SimulatedBackend

SETTINGS = BackendSettings(gateway_id="c1")


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, GROUP)


def test_the_simulated_backend_is_installed_with_the_connector() -> None:
    assert "simulated" in {point.name for point in installed()}
    assert isinstance(load_backend("simulated", SETTINGS), SimulatedBackend)


def test_an_unknown_one_is_told_with_the_names_of_those_that_there_are() -> None:
    found = [entry("two", "x:y"), entry("one", "x:y")]
    with pytest.raises(UnknownBackendError, match=r"WAYPOST_CONNECTOR_BACKEND is three, .* there are: one, two$"):
        load_backend("three", SETTINGS, found)
    with pytest.raises(UnknownBackendError, match=r"there are: none$"):
        load_backend("three", SETTINGS, [])


@pytest.mark.parametrize("value", ["waypost_nowhere:create", "waypost_connector.backends:nothing"])
def test_one_that_does_not_load_is_told_with_where_it_was_looked_for(value: str) -> None:
    with pytest.raises(CannotRunError, match=f"the backend broken does not load from {value}: "):
        load_backend("broken", SETTINGS, [entry("broken", value)])


def test_one_that_goes_by_another_name_is_refused() -> None:
    create = "waypost_connector.simulated.backend_factory:create"
    with pytest.raises(CannotRunError, match="calls itself simulated"):
        load_backend("other", SETTINGS, [entry("other", create)])
