"""Which partition a chat's events go to, remembered: Kafka's hash takes 10 µs in Python, and a chat's key comes often."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from aiokafka.partitioner import murmur2

MOST_REMEMBERED: Final = 65_536


class RememberedPartitions:
    """Chooses as Kafka's default partitioner does. One per producer."""

    def __init__(self) -> None:
        self._hash = lru_cache(maxsize=MOST_REMEMBERED)(_hash)

    def __call__(self, key: bytes, all_partitions: Sequence[int], _available: Sequence[int]) -> int:
        return all_partitions[self._hash(key) % len(all_partitions)]


def _hash(key: bytes) -> int:
    return int(murmur2(key)) & 0x7FFFFFFF
