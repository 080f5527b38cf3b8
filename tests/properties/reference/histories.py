"""Hypothesis strategies for whole histories, and the ways in which one history may reach a reader.

A history comes in bursts: a few events of one chat (or session) in a row, so that early acknowledgements, edits before
their message, deletions in between and ids that come back are the rule, not the exception.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar
from zlib import crc32

from hypothesis import strategies as st

from . import payloads
from .pools import CHATS, GROUP, JIDS, LID_CHAT, NEWSLETTER, PHONE_CHAT, SEEN_AT, SESSIONS
from .records import Json, Record, key_of
from .writing import envelope, headers, ulid

History = list[Record]
T = TypeVar("T")

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


def _chat_events(chat: str) -> st.SearchStrategy[payloads.Event]:
    about_the_chat = payloads.live_only(chat)
    if chat in (PHONE_CHAT, LID_CHAT):
        about_the_chat = payloads.contact_updates(chat)
    elif chat == GROUP:
        about_the_chat = weighted((1, payloads.group_updates()), (3, payloads.group_participants()))
    elif chat == NEWSLETTER:
        about_the_chat = payloads.newsletter_updates()
    return weighted(
        (16, payloads.messages(chat)),
        (5, payloads.acknowledgements(chat)),
        (4, payloads.edits(chat)),
        (2, payloads.revocations(chat)),
        (4, payloads.reactions(chat)),
        (4, payloads.votes(chat)),
        (3, payloads.chat_updates(chat, "archived", "pinned", "muted", "flags")),
        (3, payloads.chat_updates(chat, "read", "read", "unread", "picture")),
        (2, payloads.chat_updates(chat, "deleted", "trimmed")),
        (2, payloads.chat_updates(chat, "erased")),
        (4, about_the_chat),
        (1, payloads.live_only(chat)),
    )


_FREQUENT_CHATS = [*CHATS, PHONE_CHAT, GROUP, GROUP]
_CHAT_STEPS = {chat: st.lists(_steps(_chat_events(chat)), min_size=1, max_size=12) for chat in CHATS}
_SESSION_STEPS = st.lists(
    _steps(weighted((3, payloads.session_statuses()), (2, payloads.authentications()))), min_size=1, max_size=8
)
_CONTACT_STEPS = st.lists(_steps(st.sampled_from(JIDS).flatmap(payloads.contact_updates)), min_size=1, max_size=3)


@st.composite
def histories(draw: st.DrawFn, max_bursts: int = 12) -> History:
    """A history of one or two sessions and a few chats over one to three partitions, in the order of publication."""
    partitions = draw(st.integers(1, 3))
    sessions = st.sampled_from(draw(st.sampled_from([SESSIONS[:1], SESSIONS])))
    chats = draw(st.lists(st.sampled_from(_FREQUENT_CHATS), min_size=1, max_size=3, unique=True))
    in_a_chat = st.sampled_from(chats).flatmap(_CHAT_STEPS.__getitem__)
    bursts = st.builds(Burst, sessions, weighted((6, in_a_chat), (2, _SESSION_STEPS), (1, _CONTACT_STEPS)))
    return published(draw(st.lists(bursts, min_size=1, max_size=max_bursts)), partitions, draw(st.sampled_from([1, 1, 3])))


@st.composite
def histories_of_many_commands(draw: st.DrawFn) -> History:
    """One key with more commands than it remembers, and repeats of early and late ones."""
    chat = draw(st.sampled_from(CHATS))
    update = payloads.chat_updates(chat, "flags", "read", "unread", "deleted")
    events = draw(st.sampled_from([update, payloads.session_statuses()]))
    first = [Step(*draw(events), draw(st.sampled_from(SEEN_AT)), number, 0) for number in range(draw(st.integers(30, 36)))]
    later = draw(st.lists(_steps(st.one_of(events, payloads.messages(chat)), commands=36), min_size=1, max_size=8))
    return published([Burst(SESSIONS[0], [*first, *later])], partitions=1)


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


def permuted_where_order_is_free(history: History, data: st.DataObject) -> History:
    """Any interleaving of the partitions; each keeps its own order."""
    waiting = {record.partition: [r for r in history if r.partition == record.partition] for record in history}
    permuted: History = []
    while waiting:
        partition = data.draw(st.sampled_from(sorted(waiting)))
        permuted.append(waiting[partition].pop(0))
        if not waiting[partition]:
            del waiting[partition]
    return permuted


def duplicated(history: History) -> History:
    """Redelivery, the plain way: each record twice in a row, then the whole log again. Offsets stay what they were."""
    return [record for record in history for _ in range(2)] + history


def rewound(history: History, data: st.DataObject) -> History:
    """Redelivery as after a crash: at up to three points, and at the end, each partition goes back to any offset."""
    delivered: History = []
    reached = 0
    stops = data.draw(st.lists(st.integers(0, len(history)), max_size=3))
    for stop in [*sorted(stops), len(history)]:
        delivered += history[reached:stop]
        reached = stop
        delivered += _from_earlier_offsets(history[:stop], data)
    return delivered


def _from_earlier_offsets(seen: History, data: st.DataObject) -> History:
    again: History = []
    for partition in sorted({record.partition for record in seen}):
        mine = [record for record in seen if record.partition == partition]
        again += mine[data.draw(st.integers(0, len(mine))) :]
    return again


def cut_into_batches(history: History, data: st.DataObject) -> list[History]:
    """The same records in the same order, as polls of one to ten records."""
    batches: list[History] = []
    rest = history
    while rest:
        size = data.draw(st.integers(1, 10))
        batches.append(rest[:size])
        rest = rest[size:]
    return batches
