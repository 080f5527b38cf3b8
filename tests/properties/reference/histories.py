"""Hypothesis strategies for whole histories; `delivery` has the ways in which one may reach a reader.

A history comes in bursts: a few events of one chat (or session) in a row, so that early acknowledgements, edits before
their message, deletions in between and ids that come back are the rule, not the exception.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar
from zlib import crc32

from hypothesis import strategies as st

from . import payloads
from .delivery import (
    History,
    cut_at_every_point,
    cut_into_batches,
    duplicated,
    permuted_where_order_is_free,
    rearranged,
    returned_from_every_point,
    rewound,
)
from .pools import CHATS, FEW_SENDERS, GROUP, JIDS, LID_CHAT, NEWSLETTER, OTHER_GROUP, PHONE_CHAT, POLLS, SEEN_AT, SESSIONS
from .records import Json, Record, key_of
from .writing import envelope, headers, ulid

T = TypeVar("T")

__all__ = [
    "FAMILIES",
    "History",
    "cut_at_every_point",
    "cut_into_batches",
    "duplicated",
    "histories",
    "histories_about",
    "histories_of_a_session",
    "histories_of_many_commands",
    "permuted_where_order_is_free",
    "rearranged",
    "returned_from_every_point",
    "rewound",
]

COMMANDABLE = ("chat.update", "session.status")


class Step(NamedTuple):
    """An event before it has a place in the log."""

    event: str
    payload: Json
    seen_at: int
    command: int | None
    salt: int


class Burst(NamedTuple):
    session: str
    steps: list[Step | int]
    """An int asks for an earlier record of the key of the step before it, published once more."""


def weighted(*choices: tuple[int, st.SearchStrategy[T]]) -> st.SearchStrategy[T]:
    """One of the choices, each as often as its number says (one_of takes a repeated choice only once)."""
    lots = [choice for weight, choice in choices for _ in range(weight)]
    return st.integers(0, len(lots) - 1).flatmap(lots.__getitem__)


def _steps(events: st.SearchStrategy[payloads.Event], commands: int = 6) -> st.SearchStrategy[Step | int]:
    step: st.SearchStrategy[Step | int] = st.builds(
        lambda event, seen_at, command, salt: Step(
            event[0], event[1], seen_at, command if event[0] in COMMANDABLE and command >= 0 else None, salt
        ),
        events,
        st.sampled_from(SEEN_AT),
        st.integers(-commands, commands - 1),
        st.integers(0, 3),
    )
    return weighted((12, step), (1, st.integers(0, 5)))


@st.composite
def some(draw: st.DrawFn, items: st.SearchStrategy[T], most: int) -> list[T]:
    """One to `most` items, any number equally likely: lists() would rarely give more than a handful."""
    return [draw(items) for _ in range(draw(st.integers(1, most)))]


def _own_events(chat: str) -> st.SearchStrategy[payloads.Event]:
    if chat in (PHONE_CHAT, LID_CHAT):
        return payloads.contact_updates(chat)
    if chat == GROUP:
        people = st.sampled_from(JIDS).flatmap(payloads.contact_updates)
        return weighted((1, payloads.group_updates()), (3, payloads.group_participants()), (1, people))
    if chat == NEWSLETTER:
        return payloads.newsletter_updates()
    return payloads.live_only(chat)


def _themes(chat: str) -> dict[str, st.SearchStrategy[payloads.Event]]:
    """What a burst in the chat may be about: anything, or a few event types that can surprise each other."""
    messages = payloads.messages(chat)
    acknowledgements = payloads.acknowledgements(chat)
    edits = payloads.edits(chat)
    revocations = payloads.revocations(chat)
    reactions = payloads.reactions(chat)
    votes = payloads.votes(chat)
    flags = payloads.chat_updates(chat, "archived", "pinned", "muted", "flags")
    reads = payloads.chat_updates(chat, "read", "unread", "unread", "picture")
    removals = payloads.chat_updates(chat, "deleted", "trimmed")
    deletions = payloads.chat_updates(chat, "deleted")
    erasures = payloads.chat_updates(chat, "erased")
    own = _own_events(chat)
    about_messages = weighted((5, acknowledgements), (4, edits), (2, revocations), (4, reactions), (4, votes))
    about_the_chat = weighted((3, flags), (3, reads), (2, removals), (2, erasures), (1, payloads.live_only(chat)))
    return {
        "anything": weighted((16, messages), (18, about_messages), (11, about_the_chat), (5, own)),
        "acknowledgements": weighted((4, messages), (8, acknowledgements), (1, removals)),
        "edits and erasures": weighted((5, messages), (5, edits), (2, erasures)),
        "reactions": weighted((8, messages), (10, reactions), (1, revocations), (1, removals)),
        "votes": weighted((8, payloads.messages(chat, POLLS)), (10, votes), (1, revocations), (1, removals)),
        "reads": weighted((9, messages), (4, payloads.chat_updates(chat, "read")), (2, reads), (1, flags), (1, removals)),
        "trims": weighted((9, messages), (4, payloads.chat_updates(chat, "trimmed")), (1, reads), (1, edits), (1, deletions)),
        "deletions": weighted((6, messages), (3, deletions), (4, about_messages), (1, reads), (1, flags), (1, own)),
        "senders": weighted((12, payloads.messages(chat, senders=FEW_SENDERS)), (2, own), (1, removals)),
        "own events": weighted((6, messages), (10, own), (1, removals)),
    }


_THEMES = {chat: {name: some(_steps(events), 14) for name, events in _themes(chat).items()} for chat in CHATS}
_FREQUENT_CHATS = [*CHATS, PHONE_CHAT, GROUP, GROUP]
_FREQUENT_THEMES = ["anything", "anything", *_THEMES[GROUP]]
_SESSION_STEPS = some(_steps(weighted((3, payloads.session_statuses()), (2, payloads.authentications()))), 12)
_SENDER_STEPS = {chat: some(_steps(payloads.messages(chat, senders=FEW_SENDERS)), 5) for chat in (PHONE_CHAT, GROUP, OTHER_GROUP)}
_CONTACT_STEPS = some(_steps(st.sampled_from(JIDS).flatmap(payloads.contact_updates)), 4)
_themes_by_chance = st.sampled_from(_FREQUENT_THEMES)
_partitions = st.integers(1, 3)
_strides = st.sampled_from([1, 1, 3])


@st.composite
def histories(draw: st.DrawFn, max_bursts: int = 10) -> History:
    """A history of one or two sessions and a few chats over one to three partitions, in the order of publication."""
    sessions = st.sampled_from(draw(st.sampled_from([SESSIONS[:1], SESSIONS])))
    chats = draw(st.lists(st.sampled_from(_FREQUENT_CHATS), min_size=1, max_size=3, unique=True))
    in_a_chat = st.builds(lambda chat, theme: _THEMES[chat][theme], st.sampled_from(chats), _themes_by_chance)
    steps = weighted((6, in_a_chat.flatmap(lambda chosen: chosen)), (2, _SESSION_STEPS), (1, _CONTACT_STEPS))
    bursts = draw(some(st.builds(Burst, sessions, steps), max_bursts))
    return published(bursts, draw(_partitions), draw(_strides))


@st.composite
def histories_about(draw: st.DrawFn, theme: str, chats: Sequence[str] = _FREQUENT_CHATS) -> History:
    """A history of one session and one chat that keeps to one theme: fewer events, and more of them meet."""
    steps = _THEMES[draw(st.sampled_from(chats))][theme]
    bursts = draw(some(st.builds(Burst, st.just(SESSIONS[0]), steps), 4))
    return published(bursts, draw(_partitions), draw(_strides))


@st.composite
def histories_of_people_in_several_chats(draw: st.DrawFn) -> History:
    """The same few people write in two groups and a direct chat, whose partitions all feed their contacts."""
    steps = weighted((4, st.sampled_from(sorted(_SENDER_STEPS)).flatmap(_SENDER_STEPS.__getitem__)), (1, _CONTACT_STEPS))
    bursts = draw(some(st.builds(Burst, st.just(SESSIONS[0]), steps), 6))
    return published(bursts, draw(st.integers(2, 3)), draw(_strides))


@st.composite
def histories_of_a_session(draw: st.DrawFn) -> History:
    bursts = draw(some(st.builds(Burst, st.just(SESSIONS[0]), _SESSION_STEPS), 2))
    return published(bursts, draw(_partitions), draw(_strides))


@st.composite
def histories_of_many_commands(draw: st.DrawFn) -> History:
    """One key with more commands than it remembers, then repeats of those at the edge of what it remembers."""
    chat = draw(st.sampled_from(CHATS))
    updates = payloads.chat_updates(chat, "flags", "unread", "deleted")
    events = draw(st.sampled_from([updates, payloads.session_statuses()]))
    count = draw(st.integers(32, 36))
    repeated = draw(some(st.integers(max(count - 34, 0), count - 30), 6))
    steps: list[Step | int] = [
        Step(*draw(events), draw(st.sampled_from(SEEN_AT)), number, 0) for number in [*range(count), *repeated]
    ]
    return published([Burst(SESSIONS[0], steps)], partitions=1)


FAMILIES: dict[str, st.SearchStrategy[History]] = {
    "acknowledgements": histories_about("acknowledgements"),
    "edits and erasures": histories_about("edits and erasures"),
    "reactions": histories_about("reactions"),
    "votes": histories_about("votes"),
    "reads": histories_about("reads"),
    "trims": histories_about("trims"),
    "deletions": histories_about("deletions"),
    "direct chats": histories_about("own events", [PHONE_CHAT, LID_CHAT]),
    "groups": histories_about("own events", [GROUP]),
    "group senders": histories_about("senders", [GROUP]),
    "people in several chats": histories_of_people_in_several_chats(),
    "channels": histories_about("own events", [NEWSLETTER]),
    "sessions": histories_of_a_session(),
    "many commands": histories_of_many_commands(),
    "anything": histories(),
}
"""Try each for itself: one strategy for all of them would spend most examples on what is likely anyway."""


def published(bursts: Sequence[Burst], partitions: int, stride: int = 1) -> History:
    """Gives each event its id, key, partition and offset; the partition depends on the key alone."""
    log: History = []
    next_offset = dict.fromkeys(range(partitions), 0)
    for burst in bursts:
        latest_key = None
        for step in burst.steps:
            if isinstance(step, int):
                earlier = [record for record in log if record.key == latest_key]
                if not earlier:
                    continue
                original = earlier[-1 - step % len(earlier)]
                key, value, header = original.key, original.value, original.headers
            else:
                key = key_of(step.event, burst.session, step.payload)
                command = None if step.command is None else f"cmd_{ulid(crc32(key.encode()) * 64 + step.command)}"
                event_id = f"evt_{ulid(step.salt * 2**20 + len(log))}" if command is None else f"evt_{command[4:]}"
                value = envelope(step.event, burst.session, step.payload, step.seen_at, event_id)
                header = headers(step.event, command)
            latest_key = key
            partition = crc32(key.encode()) % partitions
            log.append(Record(partition, next_offset[partition], key, value, header))
            next_offset[partition] += stride
    return log
