"""Validators and indexes follow from the documents' types."""

from waypost_common.documents import PROJECTIONS, Collection
from waypost_store.schema import BOOKKEEPING_SHAPES, PROJECTION_SHAPES


def test_every_projection_is_declared() -> None:
    assert set(PROJECTION_SHAPES) == set(PROJECTIONS)


def test_a_message_placeholder_needs_no_body() -> None:
    required = PROJECTION_SHAPES[Collection.MESSAGES].required
    assert {"session", "organization", "chatJid", "epoch", "appliedOffset"} <= required
    assert not {"body", "effectiveAt", "status"} & required


def test_a_device_of_an_older_version_still_fits() -> None:
    assert BOOKKEEPING_SHAPES[Collection.DEVICES].required == {"_id"}


def test_every_list_index_begins_with_the_session() -> None:
    for collection, shape in PROJECTION_SHAPES.items():
        if collection is not Collection.SESSIONS:
            assert all(next(iter(index.document["key"])) == "session" for index in shape.indexes)
