"""The conformance suite: whether a backend keeps to `waypost_connector.backend`. For the tests of its package.

    import pytest_asyncio
    from waypost_connector.conformance import BackendConformance

    class TestMine(BackendConformance):
        @pytest_asyncio.fixture
        async def whatsapp(self):
            async with MyCounterpart() as counterpart:
                yield counterpart

`whatsapp` is a `Counterpart`: WhatsApp's side, as far as the tests must bring something about there. Needs the extra
`waypost-connector[conformance]`, which is imported nowhere else.
"""

import pytest

PARTS = ("arrivals", "calls", "connecting", "pairing", "scene", "unlinking")
pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in PARTS))

from waypost_connector.conformance.arrivals import Arrivals  # noqa: E402 - after the rewriting is arranged
from waypost_connector.conformance.calls import Calls  # noqa: E402
from waypost_connector.conformance.connecting import Connecting  # noqa: E402
from waypost_connector.conformance.counterpart import CallFault, Counterpart  # noqa: E402
from waypost_connector.conformance.keys_in_memory import KeysInMemory  # noqa: E402
from waypost_connector.conformance.pairing import PairsDevices  # noqa: E402
from waypost_connector.conformance.unlinking import Unlinking  # noqa: E402


class BackendConformance(PairsDevices, Connecting, Arrivals, Calls, Unlinking):
    """Every test of the suite. To be derived from, with a fixture `whatsapp`."""


__all__ = ["BackendConformance", "CallFault", "Counterpart", "KeysInMemory"]
