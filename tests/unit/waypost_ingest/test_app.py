"""What the service is made of, and what ends it."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

from waypost_common.consumption import ConsumptionStoppedError
from waypost_ingest import main
from waypost_ingest.app import _follower, create_app
from waypost_ingest.settings import IngestSettings


async def test_the_broker_keeps_no_subscriber_of_a_generation_that_was_left() -> None:
    app = create_app(IngestSettings())
    follower = _follower(app, MagicMock(), MagicMock())
    one = follower._make_subscriber(2)
    assert set(app.broker.subscribers) == {app.subscriber, one}
    del one
    gc.collect()
    assert app.broker.subscribers == [app.subscriber]


async def test_what_the_follower_tells_ends_the_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    follower = SimpleNamespace(failure=asyncio.get_running_loop().create_future())

    @asynccontextmanager
    async def lifespan(_app: Any) -> AsyncIterator[Any]:
        yield follower

    monkeypatch.setattr(main, "lifespan", lifespan)
    follower.failure.set_exception(ConsumptionStoppedError("the live one"))
    with pytest.raises(ConsumptionStoppedError, match="the live one"):
        async with asyncio.timeout(5):
            await main.serve(IngestSettings())
