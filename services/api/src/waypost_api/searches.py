"""Bounds the lists that read past what they leave out: each may keep a connection and the database busy for seconds."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from waypost_common.errors import UnavailableError
from waypost_common.identifiers import OrganizationId


class Searches:
    """So many under way for one organization; one more is refused, so that its searches leave room for all others."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._under_way: Counter[OrganizationId] = Counter()

    def is_full(self, organization: OrganizationId) -> bool:
        return self._under_way[organization] >= self._most

    @contextmanager
    def one(self, organization: OrganizationId) -> Iterator[None]:
        """Raises UnavailableError when too many are under way."""
        if self.is_full(organization):
            raise UnavailableError("too many searches of this organization are under way; try again when one has ended")
        self._under_way[organization] += 1
        try:
            yield
        finally:
            self._under_way[organization] -= 1
            if not self._under_way[organization]:
                del self._under_way[organization]
