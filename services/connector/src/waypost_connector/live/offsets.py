"""How far a partition may be committed while its commands end in any order. Pure."""

from waypost_common.identifiers import EpochMs


class UnfinishedOffsets:
    """Holds the offsets that are not finished, so its size is bounded by the queues and not by what ended meanwhile."""

    def __init__(self, first: int) -> None:
        self._next = first
        self._unfinished: dict[int, EpochMs | None] = {}

    def read(self, offset: int, *, finished: bool = False, since: EpochMs | None = None) -> None:
        """A record that was taken, in the order of the log. Gaps are what a compacted or transactional log leaves out.

        `since`: when it was written; None for one that may wait.
        """
        self._next = offset + 1
        if not finished:
            self._unfinished[offset] = since

    def finish(self, offset: int) -> None:
        """Says nothing of an offset that is unknown: it belongs to an earlier assignment."""
        self._unfinished.pop(offset, None)

    @property
    def committable(self) -> int:
        """The first offset that is not finished: everything below may be committed."""
        return next(iter(self._unfinished), self._next)

    @property
    def urgent(self) -> list[EpochMs]:
        """When those were written that are not finished and may not wait, in the order of the log."""
        return [since for since in self._unfinished.values() if since is not None]
