"""The guard that all tests run under does see a blocking call of ours (`tests/plugins/blocking.py`)."""

import time

import pytest
from blockbuster import BlockingError
from prometheus_client import CollectorRegistry

from waypost_common.probes import serve_probes
from waypost_common.settings import MetricsSettings


async def test_a_blocking_call_below_our_code_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async def start_server(*_args: object, **_options: object) -> None:
        time.sleep(0)  # noqa: ASYNC251 - what is to be seen

    async def ready() -> None:
        return None

    monkeypatch.setattr("asyncio.start_server", start_server)
    with pytest.raises(BlockingError, match=r"time\.sleep"):
        async with serve_probes(MetricsSettings(), CollectorRegistry(), ready):
            pass
