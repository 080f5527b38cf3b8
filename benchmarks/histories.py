"""The events that go in."""

from itertools import islice

from waypost_common.events import Event, MessageEvent
from waypost_connector.simulated.world import World

SEED = 20


def new_messages(count: int, *, sessions: int = 5, chats: int = 200) -> list[Event]:
    """The first messages of a simulated world, no back-fill: few busy chats, many quiet ones, all kinds of content."""
    world = (event for event in World(SEED, sessions=sessions, chats=chats) if isinstance(event, MessageEvent))
    return list(islice(world, count))
