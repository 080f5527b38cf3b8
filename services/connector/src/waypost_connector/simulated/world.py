"""The whole simulated world as a repeatable list of events, without socket, process or Kafka: for tests and benchmarks.

    from waypost_connector.simulated.world import generate_events

    events = list(generate_events(seed=7, count=1_000, sessions=2, chats=20))

The same arguments give the same events, byte for byte. Each is what the connector would have published.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from random import Random
from typing import Any, Final

from ulid import ULID

from waypost_common.events import Event
from waypost_common.identifiers import EpochMs, EventId, OrganizationId
from waypost_connector.addresses import FirstSight, sighting, with_chat
from waypost_connector.envelopes import Envelope, read_event
from waypost_connector.simulated.cast import Cast
from waypost_connector.simulated.drafts import Draft, at_moment
from waypost_connector.simulated.phrases import LANGUAGES
from waypost_connector.simulated.session_world import SessionWorld

START: Final = EpochMs(1_719_662_400_000)
QR_CODE_LASTS_MS: Final = 20_000
TIME_LETTERS: Final = 10
"""Those of a ULID that say when; the rest is the event's own."""
DEFAULT_ORGANIZATION: Final = OrganizationId("org_demo")


def casts(
    *,
    seed: int,
    sessions: int,
    chats: int,
    organization: OrganizationId = DEFAULT_ORGANIZATION,
    languages: Sequence[str] = tuple(LANGUAGES),
) -> list[Cast]:
    """The sessions of a world. One more session changes nothing in the others."""
    return [Cast(seed, index, chats, organization, tuple(languages)) for index in range(sessions)]


def delivery_id(cast: Cast, sequence: int, at: EpochMs) -> str:
    """The ULID of the `sequence`-th event of a session, `at` being when the network made it."""
    return str(ULID.from_bytes(at.to_bytes(6, "big") + cast.draw("delivery", sequence)[:10]))


def is_first_delivery(cast: Cast, sequence: int, event_id: str) -> bool:
    """Whether the id is that of a session's `sequence`-th event; else the event was an earlier one before."""
    return event_id[TIME_LETTERS:] == delivery_id(cast, sequence, EpochMs(0))[TIME_LETTERS:]


class World:
    """An endless, repeatable stream of all sessions' events in the order of their envelope times.

    `rate` (events a second) says how far apart those times are; `start` (epoch ms) is the first. Iterating twice starts anew.
    """

    def __init__(
        self,
        seed: int,
        *,
        sessions: int = 1,
        chats: int = 20,
        history: int = 0,
        rate: float = 20.0,
        start: EpochMs = START,
        organization: OrganizationId = DEFAULT_ORGANIZATION,
        languages: Sequence[str] = tuple(LANGUAGES),
    ) -> None:
        self.casts = casts(seed=seed, sessions=sessions, chats=chats, organization=organization, languages=languages)
        self._seed = seed
        self._history = history
        self._rate = rate
        self._start = start

    def __iter__(self) -> Iterator[Event]:
        order = Random(self._seed)
        worlds = [SessionWorld(cast, history=self._history) for cast in self.casts]
        addresses = [FirstSight() for _ in worlds]
        steps, sequences = [0] * len(worlds), [0] * len(worlds)
        made = 0
        while True:
            turn = order.randrange(len(worlds))
            cast = self.casts[turn]
            drafts = worlds[turn].step(steps[turn])
            for draft in (*_pairing(cast), *drafts) if steps[turn] == 0 else drafts:
                now = EpochMs(self._start + int(made * 1_000 / self._rate))
                sequences[turn] += 1
                payload: Mapping[str, Any] = at_moment(draft.payload, now)
                if (seen := sighting(draft.event, payload, draft.alternative)) is not None:
                    payload = with_chat(payload, seen, addresses[turn].choose(seen.jid, seen.alternative))
                yield read_event(
                    Envelope(
                        event_id=EventId(f"evt_{delivery_id(cast, sequences[turn], now)}"),
                        event=draft.event,
                        session=cast.session,
                        organization=cast.organization,
                        timestamp=now,
                    ).around(payload)
                )
                made += 1
            steps[turn] += 1


def _pairing(cast: Cast) -> Iterator[Draft]:
    """How a session comes to life; over the socket the sessions are paired already, and the connector tells the rest."""
    code = cast.draw("qr").hex()
    who: dict[str, Any] = {"waJid": cast.me.jid, "waLid": cast.me.lid, "phoneNumber": cast.phone_number}
    status = {"backend": "simulated", "label": cast.label, "desired": "running", "operations": []}
    yield Draft("session.status", status | {"status": "starting"})
    yield Draft("session.status", {"status": "scan_qr_code"})
    yield Draft("auth.qr", {"code": code, "expiresAt": QR_CODE_LASTS_MS})
    yield Draft("auth.code", {"jid": cast.me.jid, "lid": cast.me.lid, "businessName": None, "platform": "android"})
    yield Draft("session.status", status | who | {"status": "working"})


def generate_events(
    *, seed: int, count: int, sessions: int = 1, chats: int = 20, history: int = 0, **options: Any
) -> Iterator[Event]:
    """The first `count` events of that world. `options` are World's: rate, start, organization, languages."""
    return islice(World(seed, sessions=sessions, chats=chats, history=history, **options), count)
