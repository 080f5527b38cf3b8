"""Faults told by option."""

import pytest

from waypost_common.errors import ErrorCode
from waypost_connector.simulated.faults import FaultKind, Faults
from waypost_connector.simulated.protocol import ProtocolError


def test_a_fault_strikes_the_calls_that_it_names_as_often_as_it_says() -> None:
    faults = Faults()
    faults.option("slow,operation=message.send,session=s1,seconds=1.5,times=2")
    assert faults.strike("s2", "message.send") is None
    assert faults.strike("s1", "channel.create") is None
    struck = [faults.strike("s1", "message.send") for _ in range(3)]
    assert [fault and (fault.kind, fault.seconds) for fault in struck] == [(FaultKind.SLOW, 1.5)] * 2 + [None]


def test_the_newest_fault_that_fits_strikes() -> None:
    faults = Faults()
    faults.option("lose")
    faults.option("refuse,code=not_found,times=1")
    kinds = [faults.strike("s", "any") for _ in range(2)]
    assert [fault and (fault.kind, fault.code) for fault in kinds] == [
        (FaultKind.REFUSE, ErrorCode.NOT_FOUND),
        (FaultKind.LOSE, ErrorCode.FORBIDDEN),
    ]


def test_what_strikes_connections_and_deliveries_strikes_no_call_but_a_ban_that_names_an_operation() -> None:
    faults = Faults()
    for text in ("disconnect,seconds=1", "ban,seconds=1", "duplicate", "delay"):
        faults.option(text)
    assert faults.strike("s", "message.send") is None
    faults.option("ban,operation=message.send,session=s")
    struck = [
        faults.strike(session, operation) for session, operation in (("s", "message.send"), ("t", "message.send"), ("s", "x"))
    ]
    assert [fault and fault.kind for fault in struck] == [FaultKind.BAN, None, None]


def test_a_connection_is_struck_by_the_newest_fault_that_fits_until_it_has_struck_often_enough() -> None:
    faults = Faults()
    faults.option("disconnect,seconds=1")
    faults.option("ban,seconds=2,session=s,times=1")
    assert [fault and fault.kind for fault in map(faults.of_connection, ("s", "t"))] == [FaultKind.BAN, FaultKind.DISCONNECT]
    ban = faults.of_connection("s")
    assert ban is not None
    assert [faults.count(ban), faults.count(ban)] == [True, False]
    assert (faults.of_connection("s") or ban).kind is FaultKind.DISCONNECT


def test_a_disconnect_or_ban_without_a_time_is_done_at_once_and_not_kept() -> None:
    faults = Faults()
    for kind in (FaultKind.DISCONNECT, FaultKind.BAN):
        at_once = faults.command({"type": "faults", "kind": kind.value, "session": "s"})
        assert at_once is not None
        assert at_once.kind is kind
    assert faults.of_connection("s") is None


def test_deliveries_are_struck_by_the_kind_asked_for_as_often_as_it_says() -> None:
    faults = Faults()
    faults.option("duplicate,times=1,session=s")
    assert faults.strike_delivery("t", FaultKind.DUPLICATE) is None
    assert faults.strike_delivery("s", FaultKind.DELAY) is None
    assert [faults.strike_delivery("s", FaultKind.DUPLICATE) is not None for _ in range(2)] == [True, False]


def test_whoever_waits_for_a_fault_is_told_when_one_is_set_and_when_they_end() -> None:
    faults = Faults()
    for frame in ({"type": "faults", "kind": "lose"}, {"type": "faults"}):
        changed = faults.changed
        assert not changed.is_set()
        faults.command(frame)
        assert changed.is_set()


NONSENSE = ["", "break", "slow,seconds=long", "slow,seconds=-1", "lose,times=0", "lose,times=x", "slow,second=1"]
NONSENSE += ["disconnect", "ban", "disconnect,operation=x,seconds=1", "ban,operation=x,seconds=1", "duplicate,operation=x"]


@pytest.mark.parametrize("text", NONSENSE)
def test_a_fault_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        Faults().option(text)
