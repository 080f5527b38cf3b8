"""Which backends are installed, and the one that the settings name. Each is a plug-in: nothing here knows any of them."""

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from waypost_common.errors import CannotRunError
from waypost_connector.backend import Backend, BackendFactory, BackendSettings

GROUP: Final = "waypost.backends"
"""Of the entry points that packages declare: `[project.entry-points."waypost.backends"]`."""


class UnknownBackendError(Exception):
    """No installed package has a backend of this name. The text says which there are."""


def installed() -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=GROUP))


def load_backend(name: str, settings: BackendSettings, found: Iterable[EntryPoint] | None = None) -> Backend:
    """The backend of this name, not connected to anything yet. `found`: instead of those that are installed.

    Raises UnknownBackendError, CannotRunError when its package does not load, and what the factory raises.
    """
    by_name = {point.name: point for point in (installed() if found is None else found)}
    point = by_name.get(name)
    if point is None:
        there = ", ".join(sorted(by_name)) or "none"
        raise UnknownBackendError(
            f"WAYPOST_CONNECTOR_BACKEND is {name}, but no installed package has such a backend; there are: {there}"
        )
    try:
        factory: BackendFactory = point.load()
    except (ImportError, AttributeError) as error:
        raise CannotRunError(f"the backend {name} does not load from {point.value}: {error}") from error
    backend = factory(settings)
    if backend.name != name:
        raise CannotRunError(f"the backend {name} of {point.value} calls itself {backend.name}: the two must be the same")
    return backend
