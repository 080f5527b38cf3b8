"""Which events mean the same when they are applied late: the table, held against the reference model of the events."""

from collections.abc import Callable

import pytest
from tests.properties.reference.story import ALICE, Story

from waypost_common.events import EVENT_TYPES
from waypost_store.dlq.log_order import DEPENDS_ON_LOG_ORDER

Step = Callable[[Story], object]

PAIRS: dict[str, tuple[Step, Step]] = {
    "message": (lambda story: story.message("B", at=1), lambda story: story.message("C", at=2)),
    "message.from_me": (
        lambda story: story.message("B", at=1, fromMe=True),
        lambda story: story.message("C", at=2, fromMe=True),
    ),
    "message.status": (lambda story: story.acknowledge("delivered"), lambda story: story.acknowledge("read")),
    "message.revoked": (lambda story: story.revoke(), lambda story: story.edit(at=1)),
    "message.edited": (lambda story: story.edit(body="older"), lambda story: story.edit(body="newer")),
    "message.reaction": (lambda story: story.react("older"), lambda story: story.react("newer")),
    "poll.vote": (
        lambda story: story.vote(["aa"], senderJid=ALICE),
        lambda story: story.vote(["bb"], senderJid=ALICE),
    ),
    "chat.update": (lambda story: story.update("pinned", pinned=True), lambda story: story.update("pinned", pinned=False)),
    "contact.update": (lambda story: story.contact(fullName="older"), lambda story: story.contact(fullName="newer")),
    "group.update": (lambda story: story.group(subject="older"), lambda story: story.group(subject="newer")),
    "group.participant": (lambda story: story.participants(join=[ALICE]), lambda story: story.participants(leave=[ALICE])),
    "newsletter.update": (
        lambda story: story.channel("metadata", name="older"),
        lambda story: story.channel("metadata", name="newer"),
    ),
    "session.status": (lambda story: story.status(label="older"), lambda story: story.status(label="newer")),
    "auth.qr": (
        lambda story: story.write("auth.qr", {"code": "older"}),
        lambda story: story.write("auth.qr", {"code": "newer"}),
    ),
    "auth.code": (
        lambda story: story.write("auth.code", {"code": "older"}),
        lambda story: story.write("auth.code", {"code": "newer"}),
    ),
}
"""Two events of each type that is stored, in the order of the log."""
NOT_STORED = {"presence.update", "call.incoming"}


def test_every_type_of_the_catalogue_is_decided() -> None:
    assert set(DEPENDS_ON_LOG_ORDER) == set(EVENT_TYPES) == set(PAIRS) | NOT_STORED


def view_after(*steps: Step) -> object:
    story = Story()
    story.status(status="scan_qr_code")
    story.message(poll={"name": "Which?", "options": ["a", "b"]})
    for step in steps:
        step(story)
    return story.model.view()


@pytest.mark.parametrize("event", sorted(PAIRS))
def test_what_may_be_replayed_comes_to_the_same_in_either_order_and_what_may_not_does_not(event: str) -> None:
    first, second = PAIRS[event]
    same = view_after(first, second) == view_after(second, first)
    assert same is (DEPENDS_ON_LOG_ORDER[event] is None)


@pytest.mark.parametrize("event", sorted(NOT_STORED))
def test_what_is_not_stored_is_news_to_whoever_reads_the_topic(event: str) -> None:
    assert "happens now" in (DEPENDS_ON_LOG_ORDER[event] or "")
