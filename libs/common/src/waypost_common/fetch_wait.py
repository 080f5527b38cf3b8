"""How long Kafka may hold a fetch that finds nothing: longer where nothing comes, so that an idle service sleeps."""

import time
from collections.abc import Callable
from typing import Final

from aiokafka import AIOKafkaConsumer

FETCH_WAIT_MS: Final = 500
IDLE_FETCH_WAIT_MS: Final = 2_000
"""No more: Kafka answers one request of a connection at a time, so what a rebalance asks waits for the fetch at hand."""
IDLE_AFTER_S: Final = 5.0


class FetchWait:
    """Told of each poll. A record that comes ends the wait at once, so a long one costs no time.

    Not so while records wait to be taken: aiokafka (0.14, `Fetcher._get_actions_per_node`) may leave their partitions out of a
    fetch, and asks for them when that one has ended. A consumer that has been idle has none.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._busy_at = monotonic()

    def polled(self, consumer: AIOKafkaConsumer, *, records: bool) -> None:
        """Does not block. Holds for the fetches that begin from now on."""
        now = self._monotonic()
        if records:
            self._busy_at = now
        fetcher = consumer._fetcher
        if fetcher is not None:
            # No option that aiokafka lets one change later, but it reads it for each fetch.
            fetcher._fetch_max_wait_ms = FETCH_WAIT_MS if now - self._busy_at < IDLE_AFTER_S else IDLE_FETCH_WAIT_MS
