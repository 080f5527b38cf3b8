"""What is kept for a session's addresses, without MongoDB."""

from collections.abc import Mapping, Sequence

from pymongo.errors import PyMongoError

from waypost_common.identifiers import Jid, SessionId
from waypost_connector.stored_addresses import StoredAddresses


class KeptInMemory:
    def __init__(self) -> None:
        self.kept: dict[Jid, Jid] = {}
        self.asked: list[Sequence[Jid]] = []
        self.failures: list[PyMongoError] = []
        """Raised by the next calls, one each."""

    async def find(self, addresses: Sequence[Jid]) -> Mapping[Jid, Jid]:
        self._fail()
        self.asked.append(addresses)
        return {address: self.kept[address] for address in addresses if address in self.kept}

    async def keep(self, address: Jid, chosen: Jid) -> Jid:
        self._fail()
        return self.kept.setdefault(address, chosen)

    def _fail(self) -> None:
        if self.failures:
            raise self.failures.pop(0)


def addresses_in_memory() -> StoredAddresses:
    return StoredAddresses(KeptInMemory(), SessionId("S1"))
