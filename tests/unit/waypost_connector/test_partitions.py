"""The partition of a key."""

import pytest
from aiokafka.partitioner import DefaultPartitioner

from waypost_common.events import key_of
from waypost_connector.partitions import RememberedPartitions
from waypost_connector.simulated.world import generate_events

KEYS = {key_of(event).encode() for event in generate_events(seed=1, count=2_000, sessions=3, chats=60)}


@pytest.mark.parametrize("partitions", [[0], list(range(4)), list(range(32)), list(range(97))])
def test_a_key_goes_where_kafkas_own_partitioner_puts_it_the_first_time_and_again(partitions: list[int]) -> None:
    choose, default = RememberedPartitions(), DefaultPartitioner()
    for key in (*KEYS, *KEYS):
        assert choose(key, partitions, partitions[:1]) == default(key, partitions, partitions[:1])
