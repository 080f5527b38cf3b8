"""An export of any history, imported in any two goes, comes to what a reader saw of that history. Pure: no server runs."""

from zlib import crc32

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.properties.reference import ReferenceModel
from tests.properties.reference.histories import FAMILIES, History
from tests.properties.reference.pools import SESSIONS
from tests.properties.reference.records import Record
from tests.properties.reference.writing import ORGANIZATION
from tests.unit.waypost_store.records import record as record_of
from waypost_common.events import EVENT_ADAPTER, key_of
from waypost_common.identifiers import OrganizationId, SessionId
from waypost_store.transfer.comparison import Begun, Chains, Comparison, Remaining, extend
from waypost_store.transfer.selection import Selection

Event = tuple[str, str, bytes]
"""Key, id and line."""


def exported(history: History) -> list[Event]:
    """In the order of the files: partition by partition, what concerns sessions last."""
    sessions = {SessionId(session): OrganizationId(ORGANIZATION) for session in SESSIONS}
    selection = Selection(sessions=sessions, max_event_bytes=2**20)
    files: dict[int, list[Event]] = {}
    for one in history:
        headers = [(name, text.encode()) for name, text in one.headers.items()]
        taken = selection.take(record_of(orjson.dumps(one.value), key=one.key.encode(), headers=headers))
        if taken is not None:
            event = EVENT_ADAPTER.validate_json(taken.line)
            files.setdefault(2**31 if taken.of_session else one.partition, []).append((key_of(event), event.id, taken.line))
    assert selection.left_out.unusable == 0
    return [event for _, events in sorted(files.items()) for event in events]


def published(events: list[Event], partitions: int) -> History:
    """On a log of so many partitions."""
    log: History = []
    ends = [0] * partitions
    for key, _, line in events:
        partition = crc32(key.encode()) % partitions
        value = orjson.loads(line)
        log.append(Record(partition, ends[partition], key, value, {"event": value["event"]}))
        ends[partition] += 1
    return log


def missing(events: list[Event], there: list[Event]) -> list[Event]:
    """What an import that is run again publishes."""
    chains: Chains = {}
    for key, event_id, _ in events:
        extend(chains, key, event_id)
    comparison = Comparison(exported=chains)
    for key, event_id, _ in there:
        comparison.found(key, event_id)
    begun = Begun(comparison.begun())
    for key, event_id, _ in events:
        begun.found(key, event_id)
    assert (comparison.differs, begun.differs, comparison.others) == (False, False, False)
    remaining = Remaining(comparison.there)
    return [event for event in events if remaining.is_missing(event[0])]


def modelled(history: History) -> ReferenceModel:
    model = ReferenceModel()
    for record in history:
        model.apply(record)
    return model


@pytest.mark.parametrize("family", FAMILIES)
def test_a_reader_sees_the_same_of_an_export_that_was_imported_in_two_goes(family: str) -> None:
    @settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(history=FAMILIES[family], partitions=st.integers(1, 5), data=st.data())
    def check(history: History, partitions: int, data: st.DataObject) -> None:
        events = exported(history)
        # The first go was cut off: of each partition Kafka has what came first.
        cuts = [data.draw(st.integers(0, len(events))) for _ in range(partitions)]
        there = [event for number, event in enumerate(events) if number < cuts[crc32(event[0].encode()) % partitions]]
        log = there + missing(events, there)
        assert missing(events, log) == []
        assert modelled(published(log, partitions)).view() == modelled(history).view()

    check()
