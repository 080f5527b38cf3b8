import asyncio

import pytest

from waypost_api.events.places import CatchingUp, OpenStreams
from waypost_common.errors import RateLimitedError, UnavailableError
from waypost_common.identifiers import OrganizationId

OURS, THEIRS = OrganizationId("org_1"), OrganizationId("org_2")


def test_an_organization_has_so_many_streams_and_leaves_room_for_others() -> None:
    streams = OpenStreams(most=3, most_of_organization=2)
    with streams.one(OURS), streams.one(OURS):
        with pytest.raises(RateLimitedError, match="close one"), streams.one(OURS):
            pass
        with streams.one(THEIRS), pytest.raises(UnavailableError), streams.one(THEIRS):
            pass
    with streams.one(OURS):
        pass


async def test_those_that_catch_up_wait_for_a_place_and_one_organization_gets_half_of_them() -> None:
    places = CatchingUp(2)
    entered: list[str] = []
    leave = asyncio.Event()

    async def catch_up(organization: OrganizationId, name: str) -> None:
        async with places.place(organization):
            entered.append(name)
            await leave.wait()

    async with asyncio.TaskGroup() as tasks:
        for organization, name in [(OURS, "first"), (OURS, "second"), (THEIRS, "other")]:
            tasks.create_task(catch_up(organization, name), name=name)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert entered == ["first", "other"]
        assert places.waiting == 1
        leave.set()
    assert entered == ["first", "other", "second"]
    assert places.waiting == 0


async def test_who_gives_up_waiting_is_not_counted_any_more() -> None:
    places = CatchingUp(1)
    async with places.place(OURS):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0), places.place(OURS):
                pass
        assert places.waiting == 0
    async with places.place(OURS):
        pass
