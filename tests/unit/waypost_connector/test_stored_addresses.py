"""The choice of a chat's address over restarts, moves and two processes at once."""

from collections.abc import Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymongo.errors import AutoReconnect, OperationFailure
from tests.unit.waypost_connector.kept_in_memory import KeptInMemory

from waypost_common.consumption import ConsumptionStoppedError
from waypost_common.identifiers import Jid, SessionId
from waypost_connector import stored_addresses
from waypost_connector.stored_addresses import ALONE_SECONDS, StoredAddresses

SESSION: Final = SessionId("S1")
LID, PHONE = Jid("123@lid"), Jid("9991@s.whatsapp.net")
PEOPLE: Final = [(Jid(f"{number}@lid"), Jid(f"{number}@s.whatsapp.net")) for number in range(2)]


def stored(kept: KeptInMemory) -> StoredAddresses:
    """As a process that has just started."""
    return StoredAddresses(kept, SESSION)


async def test_who_was_first_seen_by_lid_alone_keeps_that_chat_after_a_restart() -> None:
    kept = KeptInMemory()
    assert await stored(kept).chosen(LID, None) == LID
    assert await stored(kept).chosen(LID, PHONE) == LID
    assert await stored(kept).chosen(PHONE, None) == LID


async def test_who_was_first_seen_by_both_has_the_phone_jids_chat_after_a_restart() -> None:
    kept = KeptInMemory()
    assert await stored(kept).chosen(LID, PHONE) == PHONE
    assert await stored(kept).chosen(LID, None) == PHONE
    assert kept.kept == {LID: PHONE}


async def test_a_phone_jid_alone_is_not_stored() -> None:
    kept = KeptInMemory()
    assert await stored(kept).chosen(PHONE, None) == PHONE
    assert kept.kept == {}


async def test_one_query_tells_of_a_person_and_none_after_that() -> None:
    kept = KeptInMemory()
    one = stored(kept)
    for jid, alternative in [(LID, PHONE), (PHONE, LID), (LID, None), (PHONE, None)]:
        await one.chosen(jid, alternative)
    assert kept.asked == [[LID, PHONE]]


async def test_a_phone_jid_alone_is_looked_up_again_after_a_moment() -> None:
    kept, clock = KeptInMemory(), [0.0]
    one = StoredAddresses(kept, SESSION, now=lambda: clock[0])
    for clock[0] in (0.0, ALONE_SECONDS / 2, ALONE_SECONDS, ALONE_SECONDS * 1.5):
        await one.chosen(PHONE, None)
    assert kept.asked == [[PHONE], [PHONE]]


async def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_addresses, "MOST_REMEMBERED", 5)
    kept = KeptInMemory()
    one = stored(kept)
    for number in range(20):
        await one.chosen(Jid(f"{number}@lid"), Jid(f"{number}@s.whatsapp.net"))
        await one.chosen(Jid(f"9{number}@s.whatsapp.net"), None)
    kept.asked.clear()
    for number in (19, 15, 14):
        await one.chosen(Jid(f"{number}@lid"), None)
        await one.chosen(Jid(f"9{number}@s.whatsapp.net"), None)
    assert kept.asked == [["14@lid"], ["914@s.whatsapp.net"]]


async def test_an_outage_of_mongodb_is_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_addresses, "delays", lambda _random: iter((0.0, 0.0, 0.0)))
    kept = KeptInMemory()
    kept.failures = [AutoReconnect("away"), AutoReconnect("away")]
    assert await stored(kept).chosen(LID, None) == LID


async def test_what_waiting_cannot_mend_is_raised() -> None:
    kept = KeptInMemory()
    kept.failures = [OperationFailure("wrong", 121)]
    with pytest.raises(ConsumptionStoppedError, match="waypost migrate"):
        await stored(kept).chosen(LID, None)


class Pause:
    def __await__(self) -> Generator[None]:
        yield


class Interrupted(KeptInMemory):
    """Lets others go first before and after each look at what is kept."""

    async def find(self, addresses: Sequence[Jid]) -> Mapping[Jid, Jid]:
        await Pause()
        found = await super().find(addresses)
        await Pause()
        return found

    async def keep(self, address: Jid, chosen: Jid) -> Jid:
        await Pause()
        kept = await super().keep(address, chosen)
        await Pause()
        return kept


@dataclass
class Seen:
    """A sighting and when it began and ended, counted in steps of all processes together."""

    person: int
    jid: Jid
    alternative: Jid | None
    began: int
    ended: int | None = None
    chosen: Jid | None = None

    @property
    def shows_both(self) -> bool:
        return self.alternative is not None


class Processes:
    """Processes that are asked for the same session's people, one short step of one of them at a time."""

    def __init__(self, *, tick: float) -> None:
        self._kept, self._now, self._tick, self._steps = Interrupted(), 0.0, tick, 0
        self._processes: dict[int, StoredAddresses] = {}
        self._running: list[tuple[int, Seen, Coroutine[Any, Any, Jid]]] = []
        self.seen: list[Seen] = []

    def see(self, process: int, person: int, form: int, steps: int = 0) -> None:
        self._now += self._tick
        lid, phone = PEOPLE[person]
        jid, alternative = [(lid, None), (phone, None), (lid, phone), (phone, lid)][form]
        addresses = self._processes.setdefault(process, StoredAddresses(self._kept, SESSION, now=lambda: self._now))
        one = Seen(person, jid, alternative, began=self._steps)
        self._running.append((process, one, addresses.chosen(jid, alternative)))
        self.go_on(-1, steps)

    def go_on(self, place: int, steps: int = 1) -> None:
        for _ in range(steps if self._running else 0):
            self._steps += 1
            place %= len(self._running)
            process, one, chosen = self._running.pop(place)
            try:
                chosen.send(None)
            except StopIteration as end:
                one.chosen, one.ended = end.value, self._steps
                self.seen.append(one)
                break
            self._running.insert(place, (process, one, chosen))

    def kill(self, process: int) -> None:
        self._processes.pop(process, None)
        for _, _, chosen in [one for one in self._running if one[0] == process]:
            chosen.close()
        self._running = [one for one in self._running if one[0] != process]

    def finish(self) -> None:
        while self._running:
            self.go_on(0)


def holds(seen: list[Seen]) -> None:
    for lid, phone in PEOPLE:
        of_person = [one for one in seen if PEOPLE[one.person] == (lid, phone)]
        with_lid = {one.chosen for one in of_person if one.jid == lid or one.shows_both}
        assert len(with_lid) <= 1
        assert {one.chosen for one in of_person if one.jid == phone} <= {phone, *with_lid}
        known = min((one.ended for one in of_person if one.shows_both and one.ended is not None), default=None)
        if known is not None:
            assert {one.chosen for one in of_person if one.began >= known} <= with_lid
        by_phone = [one for one in of_person if one.jid == phone]
        followed = min((one.ended or 0 for one in by_phone if one.chosen != phone), default=None)
        if followed is not None:
            assert phone not in {one.chosen for one in by_phone if one.began >= followed}


PERSON, FORM = st.integers(0, len(PEOPLE) - 1), st.integers(0, 3)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("see"), st.integers(0, 1), st.just(0), FORM, st.sampled_from((0, 1, 2, 3, 4, 9))),
            st.tuples(st.just("go_on"), st.integers(0, 3), st.integers(1, 5)),
            st.tuples(st.just("kill"), st.integers(0, 1)),
        ),
        max_size=40,
    )
)
@settings(max_examples=300)
def test_two_processes_at_once_and_any_restarts_give_a_person_one_chat(actions: list[tuple[Any, ...]]) -> None:
    # Of two that both act, which fences prevent, neither may rely on what it remembers of a phone JID alone.
    processes = Processes(tick=ALONE_SECONDS)
    for name, *arguments in actions:
        getattr(processes, name)(*arguments)
    processes.finish()
    holds(processes.seen)


@given(st.lists(st.one_of(st.tuples(st.just("see"), PERSON, FORM), st.tuples(st.just("kill"))), max_size=40))
def test_one_process_after_the_other_gives_a_person_one_chat_at_any_speed(actions: list[tuple[Any, ...]]) -> None:
    processes = Processes(tick=0.0)
    for name, *arguments in actions:
        getattr(processes, name)(0, *arguments)
        processes.finish()
    holds(processes.seen)
