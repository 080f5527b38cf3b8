"""How many streams may be open, and how many of those may read the past at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from waypost_common.errors import RateLimitedError, UnavailableError
from waypost_common.identifiers import OrganizationId

RETRY_S: Final = 5


class OpenStreams:
    def __init__(self, *, most: int, most_of_organization: int) -> None:
        self._most = most
        self._most_of_organization = most_of_organization
        self._open: Counter[OrganizationId] = Counter()

    @contextmanager
    def one(self, organization: OrganizationId) -> Iterator[None]:
        """Raises RateLimitedError when the organization has too many, UnavailableError when all have."""
        if self._open[organization] >= self._most_of_organization:
            raise RateLimitedError(
                f"this organization has {self._most_of_organization} streams of events open here: close one, or follow several "
                "sessions with one stream",
                headers={"Retry-After": str(RETRY_S)},
            )
        if self._open.total() >= self._most:
            raise UnavailableError("too many streams of events are open; try again", retry_after=RETRY_S)
        self._open[organization] += 1
        try:
            yield
        finally:
            self._open[organization] -= 1
            if not self._open[organization]:
                del self._open[organization]


class CatchingUp:
    """Places for those that read the past: each costs a consumer. First come, first served, and not all to one organization."""

    def __init__(self, most: int) -> None:
        self._most_of_organization = max(1, most // 2)
        self._places = asyncio.Semaphore(most)
        self._of_organization: dict[OrganizationId, tuple[asyncio.Semaphore, list[None]]] = {}
        self.waiting = 0
        """How many wait for a place."""

    @asynccontextmanager
    async def place(self, organization: OrganizationId) -> AsyncIterator[None]:
        own, users = self._of_organization.setdefault(organization, (asyncio.Semaphore(self._most_of_organization), []))
        users.append(None)
        self.waiting += 1
        waits = True
        try:
            async with own, self._places:
                self.waiting -= 1
                waits = False
                yield
        finally:
            self.waiting -= waits
            users.pop()
            if not users:
                del self._of_organization[organization]
