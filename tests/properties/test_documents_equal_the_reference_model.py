"""The documents against the reference model: over generated histories, however they are delivered (rules R1 to R3)."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.properties.projection import Projection
from tests.properties.reference import ReferenceModel
from tests.properties.reference.histories import (
    History,
    cut_into_batches,
    duplicated,
    histories,
    histories_of_many_commands,
    permuted_where_order_is_free,
    rewound,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
thorough = settings(
    max_examples=100,
    deadline=None,
    database=None,
    # Shrinking runs the databases for minutes; take the line out when a case must be understood.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)


@pytest.fixture
def projection(mongod_server: str, mongo_database_name: str) -> Iterator[Projection]:
    one = Projection(mongod_server, mongo_database_name)
    yield one
    one.close()


def modelled(history: History) -> ReferenceModel:
    model = ReferenceModel()
    for record in history:
        model.apply(record)
    return model


def assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """One document at a time, so that a failure names it."""
    for family, documents in expected.items():
        assert found[family].keys() == documents.keys(), family
        for key, document in documents.items():
            assert found[family][key] == document, f"{family} {key}"


@thorough
@given(history=histories(), data=st.data())
def test_a_history_in_any_batches_gives_the_documents_of_the_model(
    projection: Projection, history: History, data: st.DataObject
) -> None:
    projection.clear()
    projection.apply(cut_into_batches(history, data))
    assert_same(projection.view(), modelled(history).view())


@thorough
@given(history=histories(), data=st.data())
def test_a_history_read_again_from_any_earlier_offset_gives_the_documents_of_the_model(
    projection: Projection, history: History, data: st.DataObject
) -> None:
    projection.clear()
    projection.apply(cut_into_batches(rewound(history, data), data))
    assert_same(projection.view(), modelled(history).view())


@thorough
@given(history=histories(), data=st.data())
def test_delivery_does_not_show_in_any_field_of_any_document(
    projection: Projection, history: History, data: st.DataObject
) -> None:
    projection.clear()
    projection.apply([[record] for record in history])
    one_by_one = projection.documents()
    for delivery in (
        cut_into_batches(permuted_where_order_is_free(history, data), data),
        [duplicated(history)],
        cut_into_batches(rewound(history, data), data),
    ):
        projection.clear()
        projection.apply(delivery)
        assert_same(projection.documents(), one_by_one)


@settings(thorough, max_examples=60)
@given(history=histories_of_many_commands(), data=st.data())
def test_a_command_has_its_first_outcome_again_whenever_its_event_comes_again(
    projection: Projection, history: History, data: st.DataObject
) -> None:
    projection.clear()
    model = ReferenceModel()
    expected = [
        (record.partition, record.offset, outcome["command"], outcome["status"])
        for record in history
        if (outcome := model.apply(record)) is not None
    ]
    outcomes = projection.apply(cut_into_batches(history, data))
    assert [(one.logged.partition, one.logged.offset, one.command.id, one.status.value) for one in outcomes] == expected
    assert_same(projection.view(), model.view())
