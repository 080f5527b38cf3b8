"""The documents against the reference model: over generated histories, however they are delivered (rules R1 to R3).

What a reader sees, and what becomes of commands, is compared after each batch; every field of every document at the end.
A history whose keys interleave anew lies at other offsets, so there only what a reader sees is compared: positions, and the
marks that hold them, differ.
"""

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.properties.deliveries import (
    Delivery,
    Step,
    assert_same,
    deliver,
    deliver_all,
    interrupted_at_every_point,
    overtaken_at_every_call,
    plain,
    with_troubles,
)
from tests.properties.projection import Projection
from tests.properties.reference import ReferenceModel
from tests.properties.reference.histories import (
    FAMILIES,
    History,
    cut_at_every_point,
    cut_into_batches,
    duplicated,
    permuted_where_order_is_free,
    rearranged,
    returned_from_every_point,
    rewound,
)
from tests.properties.reference.pools import SESSIONS
from tests.properties.reference.records import Json
from tests.properties.reference.story import ALICE, ALICE_LID, GROUP, NEWSLETTER, Story

TIMES = int(os.environ.get("WAYPOST_TEST_PROPERTIES_TIMES", "1"))
"""How many times as many histories as in `make test`: see `make properties`."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300 + 300 * TIMES)]

FEW, MORE, MANY = 10 * TIMES, 25 * TIMES, 50 * TIMES
EXAMPLES = (
    dict.fromkeys(FAMILIES, FEW)
    | dict.fromkeys(("reads", "trims"), MORE)
    | dict.fromkeys(("edits and erasures", "reactions", "deletions"), MANY)
)
EXHAUSTIVE, SMALL = 2 * TIMES, 6
"""So many histories, cut down to so many records, are cut, read again and interrupted at every point."""

thorough = settings(
    deadline=None,
    database=None,
    print_blob=True,
    # Shrinking runs the databases for minutes; take the line out when a case must be understood.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
TROUBLED = "by writers that are cut off and overtaken"
Way = Callable[[History, st.DataObject], list[Step]]
WAYS: dict[str, Way] = {
    "in batches": lambda history, data: plain(cut_into_batches(history, data)),
    "again from earlier offsets": lambda history, data: plain(cut_into_batches(rewound(history, data), data)),
    "with its partitions interleaved anew": lambda history, data: plain(
        cut_into_batches(permuted_where_order_is_free(history, data), data)
    ),
    "twice, all at once": lambda history, _: plain([duplicated(history)]),
    TROUBLED: lambda history, data: with_troubles(permuted_where_order_is_free(history, data), data),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_however_a_history_is_delivered_the_documents_are_those_of_the_model(projection: Projection, family: str) -> None:
    @settings(thorough, max_examples=EXAMPLES[family])
    @given(history=FAMILIES[family], way=st.sampled_from([*WAYS]), data=st.data())
    def check(history: History, way: str, data: st.DataObject) -> None:
        deliveries = {
            "one by one": Delivery(copy=projection.copy(), steps=plain([[record] for record in history])),
            way: Delivery(copy=projection.copy(), steps=WAYS[way](history, data)),
            "anew into another generation": Delivery(
                copy=projection.copy(generation=2), steps=plain(polls(history, 50)), restarts=False
            ),
        }
        projection.run(deliver_all(deliveries))
        expected, *others = projection.run(all_documents(deliveries))
        for found in others:
            assert_same(found, expected)

    check()


def polls(history: History, size: int) -> list[History]:
    return [history[start : start + size] for start in range(0, len(history), size)]


async def all_documents(deliveries: dict[str, Delivery]) -> list[dict[str, Any]]:
    return [await delivery.copy.documents() for delivery in deliveries.values()]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_small_history_may_be_cut_read_again_and_interrupted_at_any_point(projection: Projection, family: str) -> None:
    @settings(thorough, max_examples=EXHAUSTIVE)
    @given(history=FAMILIES[family])
    def check(history: History) -> None:
        few = history[:SMALL]
        batches = [*cut_at_every_point(few), *returned_from_every_point(few)]
        steps = [*map(plain, batches), *interrupted_at_every_point(few)]
        projection.run(
            deliver_all({str(number): Delivery(copy=projection.copy(), steps=one) for number, one in enumerate(steps)})
        )

    check()


GROUP_STORY: list[tuple[str, Json]] = [
    ("group.participant", {"snapshot": [{"phoneJid": ALICE, "role": "member"}]}),
    ("group.update", {"subject": "first"}),
    ("group.participant", {"snapshot": [{"lid": ALICE_LID, "role": "member"}]}),
    ("group.update", {"description": "second"}),
    ("group.participant", {"snapshot": [{"phoneJid": ALICE, "role": "admin"}]}),
]
CHANNEL_STORY: list[tuple[str, Json]] = [
    ("newsletter.update", {"action": "metadata", "role": "subscriber"}),
    ("newsletter.update", {"action": "metadata", "name": "first"}),
    ("newsletter.update", {"action": "metadata", "description": "second"}),
    ("newsletter.update", {"action": "metadata", "subscribers": 3}),
]


@pytest.mark.parametrize(("field", "jid", "events"), [("groupJid", GROUP, GROUP_STORY), ("jid", NEWSLETTER, CHANNEL_STORY)])
def test_one_who_reads_while_another_writes_does_no_harm_whichever_documents_were_read_before(
    projection: Projection, field: str, jid: str, events: list[tuple[str, Json]]
) -> None:
    story = Story(jid, SESSIONS[0])
    for event, payload in events:
        story.write(event, {field: jid, **payload})
    steps = overtaken_at_every_call(story.records)
    projection.run(deliver_all({str(number): Delivery(copy=projection.copy(), steps=one) for number, one in enumerate(steps)}))


@pytest.mark.parametrize("family", ["anything", "group senders", "people in several chats"])
def test_events_of_different_keys_may_come_in_any_order(projection: Projection, family: str) -> None:
    @settings(thorough, max_examples=FEW)
    @given(history=FAMILIES[family], data=st.data())
    def check(history: History, data: st.DataObject) -> None:
        copy = projection.copy()
        projection.run(deliver(Delivery(copy=copy, steps=plain(cut_into_batches(rearranged(history, data), data)))))
        assert_same(projection.run(copy.view()), modelled(history).view())

    check()


def modelled(history: History) -> ReferenceModel:
    model = ReferenceModel()
    for record in history:
        model.apply(record)
    return model
