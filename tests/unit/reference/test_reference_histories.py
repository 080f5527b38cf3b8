"""The generated histories are valid and meet often; the model does not care how one of them is delivered."""

import json
import re
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.properties.reference import Record, ReferenceModel
from tests.properties.reference.histories import (
    FAMILIES,
    History,
    cut_at_every_point,
    cut_into_batches,
    duplicated,
    histories,
    permuted_where_order_is_free,
    rearranged,
    returned_from_every_point,
    rewound,
)
from tests.properties.reference.records import key_of

few = settings(max_examples=15, deadline=None)
some_histories = histories(max_bursts=5)


def told(history: History) -> tuple[ReferenceModel, dict[tuple[int, int], object]]:
    model = ReferenceModel()
    outcomes: dict[tuple[int, int], object] = {}
    for record in history:
        outcome = model.apply(record)
        assert outcomes.setdefault((record.partition, record.offset), outcome) == outcome
    return model, outcomes


def by_key(history: History) -> dict[str, list[object]]:
    values: dict[str, list[object]] = defaultdict(list)
    for record in history:
        values[record.key].append((record.value, record.headers))
    return values


def by_partition(history: History) -> dict[int, History]:
    partitions: dict[int, History] = defaultdict(list)
    for record in history:
        partitions[record.partition].append(record)
    return partitions


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=5, deadline=None)
@given(st.data())
def test_a_history_is_made_of_valid_envelopes_in_order(family: str, data: st.DataObject) -> None:
    history = data.draw(FAMILIES[family])
    for record in history:
        envelope = record.value
        assert set(envelope) == {"schema", "id", "event", "session", "organization", "timestamp", "payload"}
        assert re.fullmatch(r"evt_[0-7][0-9A-HJKMNP-TV-Z]{25}", envelope["id"])
        assert record.key == key_of(record.event, envelope["session"], record.payload)
        assert json.loads(json.dumps(envelope, ensure_ascii=False).encode()) == envelope
        assert (record.headers["event"], record.headers["schema"]) == (record.event, "v1")
    for records in by_partition(history).values():
        offsets = [record.offset for record in records]
        assert offsets == sorted(set(offsets))
    assert len({record.key for record in history}) == len({(record.key, record.partition) for record in history})


@few
@given(some_histories, st.data())
def test_the_partitions_may_interleave_in_any_way(history: History, data: st.DataObject) -> None:
    permuted = permuted_where_order_is_free(history, data)
    assert by_partition(permuted) == by_partition(history)
    model, outcomes = told(history)
    permuted_model, permuted_outcomes = told(permuted)
    assert permuted_model.view() == model.view()
    assert permuted_outcomes == outcomes


@few
@given(some_histories, st.data())
def test_keys_may_interleave_in_any_way_at_other_offsets(history: History, data: st.DataObject) -> None:
    log = rearranged(history, data)
    assert by_key(log) == by_key(history)
    assert all([r.offset for r in records] == sorted({r.offset for r in records}) for records in by_partition(log).values())
    assert told(log)[0].view() == told(history)[0].view()


def test_a_history_of_three_is_cut_at_every_point_and_read_again_from_every_earlier_one() -> None:
    one, two, three = (Record(0, offset, "", {}, {}) for offset in range(3))
    assert cut_at_every_point([one, two, three]) == [
        [[one, two, three]],
        [[one], [two, three]],
        [[one, two], [three]],
        [[one], [two], [three]],
    ]
    assert returned_from_every_point([one, two, three]) == [
        [[one], [one, two, three]],
        [[one, two], [one, two, three]],
        [[one, two], [two, three]],
        [[one, two, three], [one, two, three]],
        [[one, two, three], [two, three]],
        [[one, two, three], [three]],
    ]


@few
@given(some_histories, st.data())
def test_redelivery_changes_nothing(history: History, data: st.DataObject) -> None:
    view = told(history)[0].view()
    assert told(duplicated(history))[0].view() == view
    assert told(rewound(history, data))[0].view() == view


@few
@given(some_histories, st.data())
def test_batches_hold_the_same_records_in_the_same_order(history: History, data: st.DataObject) -> None:
    batches = cut_into_batches(history, data)
    assert all(batches)
    assert [record for batch in batches for record in batch] == history


@few
@given(some_histories)
def test_a_view_is_plain_json_and_looking_changes_nothing(history: History) -> None:
    model, _ = told(history)
    view = model.view()
    assert json.loads(json.dumps(view)) == view
    assert model.view() == view


@few
@given(some_histories)
def test_a_model_never_alters_the_records_it_was_given(history: History) -> None:
    copies = [Record(*json.loads(json.dumps(record))) for record in history]
    told(history)[0].view()
    assert history == copies
