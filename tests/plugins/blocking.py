"""Our code never blocks the event loop that it runs in: a call that would (a file, a name to look up, a sleep) is an error."""

from collections.abc import Iterator

import pytest
from blockbuster import blockbuster_ctx

PACKAGES = ["waypost_common", "waypost_projection", "waypost_api", "waypost_ingest", "waypost_store", "waypost_connector"]
MAY_BLOCK = [
    "waypost_connector.simulated",  # plays WhatsApp for tests and demonstrations, and keeps its state in files
    "waypost_common.running",  # stands under everything that runs, the above included
]


@pytest.fixture(scope="session", autouse=True)
def nothing_blocks_the_event_loop() -> Iterator[None]:
    """For all tests below the folder whose conftest.py imports it."""
    with blockbuster_ctx(PACKAGES, excluded_modules=MAY_BLOCK) as guard:
        for function in guard.functions.values():
            # At start: the driver looks whether it runs in a container, and a package for its version.
            function.can_block_in("waypost_common/mongo.py", {"open_client"})
            function.can_block_in("pymongo/pool_options.py", {"get_container_env_info"})
            function.can_block_in("waypost_common/asyncapi.py", {"describe_service"})
        yield
