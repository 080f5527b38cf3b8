"""The events that go in. All are of simulated worlds, repeatable byte for byte."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice, repeat
from itertools import count as naturals

from waypost_common.events import Event, MessageEvent, SessionStatusEvent, encode_event, key_of
from waypost_connector.simulated.cast import Cast
from waypost_connector.simulated.world import World

SEED = 20
EVEN_SESSIONS, EVEN_CHATS = 50, 100
EVEN_BEGUN = 28_500
"""After so many events 99 of 100 chats have begun."""
SESSION_DIGITS = 4
"""The end of a session's id that tells the copies of a history apart."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """An event as it is put on the topic."""

    key: bytes
    value: bytes


@dataclass(frozen=True)
class EvenCast(Cast):
    """A session whose chats are all equally busy."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_spread", list(accumulate(repeat(1.0, self.chat_count))))


def long_tail(count: int) -> Iterator[Event]:
    """Everything that happens in 5 sessions of 200 chats each: a few are busy, most are quiet."""
    return islice(World(SEED, sessions=5, chats=200), count)


def spread(count: int) -> Iterator[Event]:
    """The same over 5,000 chats that are equally busy, from when nearly all of them have begun."""
    world = World(SEED, sessions=EVEN_SESSIONS, chats=EVEN_CHATS)
    world.casts = [EvenCast(cast.seed, cast.index, cast.chat_count, cast.organization, cast.languages) for cast in world.casts]
    return islice(_once_begun(world), count)


def _once_begun(world: Iterable[Event]) -> Iterator[Event]:
    """Without what tells of new groups, members and contacts, but with the sessions."""
    return (event for number, event in enumerate(world) if number >= EVEN_BEGUN or isinstance(event, SessionStatusEvent))


def new_messages(count: int, *, sessions: int = 5, chats: int = 200) -> Iterator[MessageEvent]:
    """Messages alone, each once, of all kinds of content, in few busy chats and many quiet ones."""
    return islice(_first_sendings(World(SEED, sessions=sessions, chats=chats)), count)


def _first_sendings(world: Iterable[Event]) -> Iterator[MessageEvent]:
    seen = set()
    for event in world:
        if isinstance(event, MessageEvent):
            message = (event.session, event.payload.chat_jid, event.payload.wa_message_id)
            if message not in seen:
                seen.add(message)
                yield event


def encoded(events: Iterable[Event]) -> list[Encoded]:
    return [Encoded(key_of(event).encode(), encode_event(event)) for event in events]


def copies(events: Sequence[Encoded], count: int) -> Iterator[Encoded]:
    """The events again and again, each time of other sessions, until there are so many: quicker than making them all."""
    return islice((_renamed(event, number) for number in naturals(0) for event in events), count)


def _renamed(event: Encoded, number: int) -> Encoded:
    session = event.key.partition(b"|")[0]
    other = session[:-SESSION_DIGITS] + str(number).zfill(SESSION_DIGITS).encode()
    return Encoded(event.key.replace(session, other), event.value.replace(session, other))
