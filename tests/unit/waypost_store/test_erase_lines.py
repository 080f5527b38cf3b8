"""What `waypost erase` says of the topics."""

from waypost_store.cli.erase import remaining_lines
from waypost_store.erase.run import Remaining
from waypost_store.erase.traces import Trace

DAY_MS = 86_400_000


def test_each_partition_is_told_with_its_offsets_and_how_long_it_keeps_them() -> None:
    traces = [
        Trace(topic="wa.events", partition=3, first=17, last=4_093, records=204),
        Trace(topic="wa.events.dlq", partition=0, first=2, last=2),
    ]
    lines = remaining_lines(Remaining(traces=traces, retention_ms={"wa.events": -1, "wa.events.dlq": 30 * DAY_MS}))
    assert lines[1:3] == [
        "  wa.events   partition 3   offsets 17 to 4093   204 records   kept for ever",
        "  wa.events.dlq   partition 0   offset 2   1 record   kept for 30 days",
    ]
    assert "docs/data.md" in lines[3]


def test_nothing_left_is_told_too() -> None:
    assert remaining_lines(Remaining(traces=[], retention_ms={})) == ["no topic holds anything of the person"]
