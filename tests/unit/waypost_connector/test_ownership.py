"""What a connector knows of its sessions, also while either list is away."""

from collections.abc import Callable, Mapping, Sequence

from pymongo.errors import ServerSelectionTimeoutError

from waypost_common.identifiers import OrganizationId, SessionId
from waypost_connector.backend import ConnectionLostError, Device
from waypost_connector.ownership import Ownership
from waypost_connector.wishes import Known

DEVICE = Device(SessionId("s1"), OrganizationId("org_a"))
STOPPED = Known(OrganizationId("org_a"), backend="tiny", desired="stopped", status="working", identified=True, removed=False)


class Lists:
    """Gives what it is told, or raises it."""

    def __init__(self) -> None:
        self.device_list: Sequence[Device] | Exception = [DEVICE]
        self.document_list: Mapping[SessionId, Known] | Exception = {}

    async def devices(self) -> Sequence[Device]:
        if isinstance(self.device_list, Exception):
            raise self.device_list
        return self.device_list

    async def read(self) -> Mapping[SessionId, Known]:
        if isinstance(self.document_list, Exception):
            raise self.document_list
        return self.document_list


class Stored:
    """The devices whose keys are stored."""

    def __init__(self, *devices: Device) -> None:
        self._devices = devices

    async def devices(self) -> Sequence[Device]:
        return self._devices


def ownership(lists: Lists, owns: Callable[[SessionId], bool] = lambda _session: True) -> Ownership:
    return Ownership(lists, Stored(), lists, owns=owns, name="tiny", is_default=True, refresh_seconds=0.0)


async def test_a_session_that_another_connector_owns_is_left_to_it() -> None:
    lists, owned = Lists(), {DEVICE.session}
    looks = ownership(lists, owned.__contains__).wishes()
    assert len(await anext(looks)) == 1
    owned.clear()
    assert await anext(looks) == []


async def test_a_change_in_a_document_is_told_at_the_next_look() -> None:
    lists = Lists()
    looks = ownership(lists).wishes()
    assert [wish.running for wish in await anext(looks)] == [True]
    lists.document_list = {DEVICE.session: STOPPED}
    assert [wish.running for wish in await anext(looks)] == [False]


async def test_what_was_known_last_holds_while_a_list_cannot_be_had_and_the_reason_is_told() -> None:
    lists = Lists()
    one = ownership(lists)
    looks = one.wishes()
    first = await anext(looks)
    assert one.missing() is None
    lists.device_list, lists.document_list = ConnectionLostError("no network"), ServerSelectionTimeoutError("away")
    assert await anext(looks) == first
    assert one.missing() == "no network"
    lists.device_list = []
    assert await anext(looks) == []
    assert one.missing() == "the session documents cannot be read: ServerSelectionTimeoutError"


async def test_nothing_is_told_before_both_lists_were_had() -> None:
    lists = Lists()
    lists.device_list = ConnectionLostError("no network")
    one = ownership(lists)
    assert one.missing() is not None
    looks = one.wishes()
    lists.device_list = [DEVICE]
    assert len(await anext(looks)) == 1
