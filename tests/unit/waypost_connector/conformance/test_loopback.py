"""A second backend, which shares nothing with the simulated one, keeps to the protocol too."""

from collections.abc import AsyncIterator

import pytest
from tests.backends.loopback_whatsapp import loopback_whatsapp

from waypost_connector.conformance import BackendConformance, Counterpart


class TestLoopback(BackendConformance):
    @pytest.fixture
    async def whatsapp(self) -> AsyncIterator[Counterpart]:
        async with loopback_whatsapp() as whatsapp:
            yield whatsapp
