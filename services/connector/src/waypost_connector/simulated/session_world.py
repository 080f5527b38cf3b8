"""The stream of one simulated session, step by step."""

from functools import lru_cache

from waypost_connector.simulated.acquaintance import as_known, introduction
from waypost_connector.simulated.cast import Cast
from waypost_connector.simulated.changes import STEPS_PER_CHANGE, change
from waypost_connector.simulated.conversation import MOST_STEPS_LATER, Conversation
from waypost_connector.simulated.drafts import Burst, Draft
from waypost_connector.simulated.openings import is_login, newest_at, opening, opens_at


class SessionWorld:
    """Any step can be made at any time, alone and again: nothing is carried from step to step.

    So a network that was killed goes on from a step number, and the same seed gives the same stream.
    """

    def __init__(self, cast: Cast, *, history: int = 0) -> None:
        self.cast = cast
        self._history = history
        self._bursts = lru_cache(maxsize=MOST_STEPS_LATER + 2)(self._burst)

    def step(self, number: int) -> list[Draft]:
        """What comes with this step, counted from 0: its own drafts, and those that earlier steps left for it."""
        drafts = [*introduction(self.cast, number), *self._bursts(number).now]
        for steps_ago in range(1, min(MOST_STEPS_LATER, number) + 1):
            drafts += self._bursts(number - steps_ago).later.get(steps_ago, ())
        return drafts

    def is_login(self, number: int) -> bool:
        """Whether the step belongs to what WhatsApp hands over at the first login, at once and not as it happens."""
        return is_login(self.cast, number)

    def _burst(self, number: int) -> Burst:
        cast = self.cast
        newest = newest_at(cast, number)
        opens, changes = opens_at(cast, newest) == number, number % STEPS_PER_CHANGE == 0
        burst = opening(cast, as_known(cast, newest, number), number, self._history) if opens else Burst()
        if changes:
            burst.now += change(cast, number // STEPS_PER_CHANGE)
        if opens or changes:
            return burst
        chat = cast.pick_chat(cast.random("pick", number), newest.rank + 1)
        return Conversation(cast, as_known(cast, chat, number), number).live()
