"""What of an export is on a log already, told by the ids of its events. Pure.

An event that is published twice is not always as good as once: a chat that was read "up to here" would be so up to a later
place. So an import publishes, of each key, exactly what follows on what is there; it refuses a log with anything else on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

DIGEST_BYTES = 16


class Chain(NamedTuple):
    """So many event ids one after the other, whichever they are."""

    length: int = 0
    digest: bytes = b""

    def followed_by(self, event_id: str) -> "Chain":
        return Chain(self.length + 1, blake2b(self.digest + event_id.encode(), digest_size=DIGEST_BYTES).digest())


EMPTY = Chain()
Chains = dict[str, Chain]
"""By record key."""


def extend(chains: Chains, key: str, event_id: str) -> Chain:
    chain = chains[key] = chains.get(key, EMPTY).followed_by(event_id)
    return chain


@dataclass(kw_only=True)
class Comparison:
    """Take each event of the sessions on the log with `found`, in log order."""

    exported: Mapping[str, Chain]
    there: Chains = field(default_factory=dict)
    others: bool = False
    """Whether anything is there that is not in the export, behind what is or under another key."""
    differs: bool = False
    """Whether a key begins otherwise there."""

    def found(self, key: str, event_id: str) -> None:
        exported = self.exported.get(key, EMPTY)
        chain = self.there.get(key, EMPTY)
        if chain.length >= exported.length:
            self.others = True
            return
        chain = extend(self.there, key, event_id)
        if chain.length == exported.length and chain != exported:
            self.differs = True

    def begun(self) -> Chains:
        """Keys of which a part is there: whether it is the export's own is for a look at its events to say."""
        return {key: chain for key, chain in self.there.items() if 0 < chain.length < self.exported[key].length}

    @property
    def count(self) -> int:
        """Events of the export that are there."""
        return sum(chain.length for chain in self.there.values())

    @property
    def is_whole(self) -> bool:
        return self.count == sum(chain.length for chain in self.exported.values())


class Begun:
    """Take the events of the export, in its order: whether what is there of the keys that were begun is what they begin with."""

    def __init__(self, begun: Mapping[str, Chain]) -> None:
        self._begun = begun
        self._chains: Chains = {}
        self.differs = False

    def found(self, key: str, event_id: str) -> None:
        wanted = self._begun.get(key)
        if wanted is None or self._chains.get(key, EMPTY).length >= wanted.length:
            return
        if extend(self._chains, key, event_id).length == wanted.length and self._chains[key] != wanted:
            self.differs = True


class Remaining:
    """Take the events of the export, in its order, once: which of them are not there."""

    def __init__(self, there: Mapping[str, Chain]) -> None:
        self._left = {key: chain.length for key, chain in there.items()}

    def is_missing(self, key: str) -> bool:
        left = self._left.get(key, 0)
        if left:
            self._left[key] = left - 1
        return left == 0
