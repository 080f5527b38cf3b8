"""Who and what exists in a simulated session: its own identity, people, groups and channels. All drawn from the seed."""

from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from itertools import accumulate
from random import Random
from typing import Final

from ulid import ULID

from waypost_common.identifiers import Jid, OrganizationId, SessionId
from waypost_common.jids import STATUS_BROADCAST, ChatType, user_part
from waypost_connector.simulated.phrases import LANGUAGES, Language

COUNTRY_CODE: Final = "999"
"""Assigned to no country (ITU-T E.164): no simulated number can be anybody's."""
LONG_TAIL: Final = 1.1
"""Exponent of the Zipf law that spreads arrivals over the chats."""
FIRST_CHATS: Final = (
    ChatType.GROUP, ChatType.DM, ChatType.DM, ChatType.NEWSLETTER, ChatType.STATUS, ChatType.DM,
    ChatType.GROUP, ChatType.DM, ChatType.GROUP, ChatType.NEWSLETTER, ChatType.GROUP, ChatType.DM,
)  # fmt: skip
"""Every session has some of each kind among its busiest."""
MOST_KNOWN_AT_LOGIN: Final = 40
ULID_EPOCH_MS: Final = 1_704_067_200_000


def digest(*parts: object) -> bytes:
    return sha256("\x1f".join(str(part) for part in parts).encode()).digest()


def digits(count: int, *parts: object) -> str:
    return str(int.from_bytes(digest(*parts)[:12], "big") % 10**count).zfill(count)


@dataclass(frozen=True)
class Person:
    """Someone the session knows. At least one of the two addresses is known."""

    name: str
    language: Language
    lid: Jid | None
    phone: Jid | None

    @property
    def jid(self) -> Jid:
        """The address their chat has: the phone's where known."""
        address = self.phone or self.lid
        if address is None:
            raise ValueError("a person needs an address")
        return address

    @property
    def as_sender(self) -> dict[str, Jid]:
        """The fields that tell who wrote: the phone's address is absent where only the LID is known."""
        return ({"senderJid": self.phone} if self.phone else {}) | ({"senderLid": self.lid} if self.lid else {})

    @property
    def mention(self) -> Jid:
        """How WhatsApp mentions them: by LID where known."""
        return self.lid or self.jid


@dataclass(frozen=True)
class Chat:
    rank: int
    """0 is the busiest."""
    type: ChatType
    jid: Jid
    name: str
    language: Language
    people: tuple[Person, ...]
    """Who writes here besides the session itself: one in a dm, the lasting members in a group."""
    guests: tuple[Person, ...] = ()
    """Who joins a group and leaves it again."""


@dataclass(frozen=True)
class Cast:
    """Everything of one session. Two casts of equal arguments are equal; nothing here changes with time."""

    seed: int
    index: int
    chat_count: int
    organization: OrganizationId
    languages: tuple[str, ...] = tuple(LANGUAGES)
    paired: SessionId | None = None
    """The session that this account was paired with; None for those that the world begins with."""
    _spread: list[float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        weights = (1 / (rank + 1) ** LONG_TAIL for rank in range(self.chat_count))
        object.__setattr__(self, "_spread", list(accumulate(weights)))

    @cached_property
    def session(self) -> SessionId:
        if self.paired is not None:
            return self.paired
        time = (ULID_EPOCH_MS + self.index).to_bytes(6, "big")
        return SessionId(str(ULID.from_bytes(time + self.draw("session")[:10])))

    @cached_property
    def me(self) -> Person:
        return self._person("me", both=True)

    @property
    def label(self) -> str:
        return f"Simulated {self.index + 1}"

    @property
    def phone_number(self) -> str:
        """Digits alone, as everywhere in the contract."""
        return user_part(self.me.jid)

    @property
    def known_at_login(self) -> int:
        """How many chats the session has when it is paired: the busiest. The others begin later."""
        return min(self.chat_count, max(len(FIRST_CHATS), min(self.chat_count // 2, MOST_KNOWN_AT_LOGIN)))

    @cached_property
    def chats(self) -> tuple[Chat, ...]:
        return tuple(self._chat(rank) for rank in range(self.chat_count))

    def draw(self, *parts: object) -> bytes:
        """Bytes that depend on the seed, the session and `parts`, and on nothing else."""
        return digest("waypost", self.seed, self.index, *parts)

    def random(self, *parts: object) -> Random:
        return Random(self.draw(*parts))  # the same on every machine: Python keeps seeding by bytes stable

    def pick_chat(self, random: Random, open_chats: int) -> Chat:
        """One of the first `open_chats`, the low ranks far more often."""
        return self.chats[bisect_left(self._spread, random.random() * self._spread[open_chats - 1], hi=open_chats - 1)]

    def share_at_login(self, rank: int) -> float:
        """The part of what arrives in the chats known at login that goes to this one."""
        return (self._spread[rank] - (self._spread[rank - 1] if rank else 0.0)) / self._spread[self.known_at_login - 1]

    def _chat(self, rank: int) -> Chat:
        random = self.random("chat", rank)
        kinds = (ChatType.DM, ChatType.GROUP, ChatType.NEWSLETTER)
        kind = FIRST_CHATS[rank] if rank < len(FIRST_CHATS) else random.choices(kinds, (65, 25, 10))[0]
        language = LANGUAGES[random.choice(self.languages)]
        title = f"{random.choice(language.groups)} {rank}"
        match kind:
            case ChatType.GROUP:
                jid = Jid(f"12036{digits(13, self.draw('group', rank))}@g.us")
                count = random.randint(2, 24)
                friends = random.sample(range(self.chat_count), min(count // 3, self.chat_count))
                strangers = (self._person("member", rank, number) for number in range(count - len(friends)))
                people = (*strangers, *map(self.chats_person, friends))
                guests = tuple(self._person("guest", rank, number) for number in range(random.randint(1, 4)))
                return Chat(rank, kind, jid, title, language, people, guests)
            case ChatType.NEWSLETTER:
                jid = Jid(f"12036{digits(13, self.draw('channel', rank))}@newsletter")
                return Chat(rank, kind, jid, title, language, ())
            case ChatType.STATUS:
                people = tuple(self.chats_person(other) for other in (1, 2))
                return Chat(rank, kind, STATUS_BROADCAST, "Status", language, people)
            case _:
                person = self.chats_person(rank)
                return Chat(rank, kind, person.jid, person.name, person.language, (person,))

    def chats_person(self, rank: int) -> Person:
        """The person of the dm at that rank."""
        return self._person("contact", rank)

    def _person(self, *parts: object, both: bool = False) -> Person:
        random = self.random(*parts)
        language = LANGUAGES[random.choice(self.languages)]
        lid = Jid(f"{digits(15, self.draw('lid', *parts))}@lid")
        phone = Jid(f"{COUNTRY_CODE}{digits(10, self.draw('phone', *parts))}@s.whatsapp.net")
        known = "both" if both else random.choices(("both", "lid", "phone"), (70, 20, 10))[0]
        return Person(
            name=_name(random, language),
            language=language,
            lid=None if known == "phone" else lid,
            phone=None if known == "lid" else phone,
        )


def _name(random: Random, language: Language) -> str:
    """One of the language's names, or the first part of one with the last of another."""
    first, last = random.choice(language.names).split(), random.choice(language.names).split()
    return " ".join((*first[:-1], last[-1])) if len(first) > 1 else first[0]
