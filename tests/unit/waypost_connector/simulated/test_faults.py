"""Faults told by option."""

import pytest

from waypost_common.errors import ErrorCode
from waypost_connector.simulated.calls_faults import FaultKind, Faults
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


NONSENSE = ["", "break", "slow,seconds=long", "slow,seconds=-1", "lose,times=0", "lose,times=x", "slow,second=1"]


@pytest.mark.parametrize("text", NONSENSE)
def test_a_fault_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        Faults().option(text)
