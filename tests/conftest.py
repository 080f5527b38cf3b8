"""For every test: how examples are made, and which tests must share a process."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.plugins.cancelled_connects", "tests.plugins.servers", "tests.plugins.pipeline"]

# How long an example takes says something of the machine's load, not of the code. A failure prints how to see it again.
settings.register_profile("waypost", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("waypost")

ONE_SYSTEM = Path(__file__).parent / "end_to_end" / "live"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `--dist loadgroup`: the tests of a file share a process, and so do all those of the folder with one running system.

    And the crowded ones do, so that no two of them run at a time.
    """
    for item in items:
        group: Path | str = ONE_SYSTEM if item.path.is_relative_to(ONE_SYSTEM) else item.path
        if item.get_closest_marker("crowded"):
            group = "crowded"
        item.add_marker(pytest.mark.xdist_group(str(group)))
