"""Seals again, with the newest key of the settings, what was sealed with another one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from waypost_common.device_keys import DeviceKeysError, Keyring
from waypost_common.documents import Collection
from waypost_common.identifiers import OrganizationId, SessionId
from waypost_common.mongo import MongoDatabase

ATTEMPTS: Final = 10
"""Each but the last found that a connector had saved in between."""


@dataclass(frozen=True)
class Failure:
    session: SessionId
    reason: str

    def to_json(self) -> dict[str, Any]:
        return {"session": self.session, "reason": self.reason}


@dataclass(kw_only=True)
class Rekeyed:
    """What became of the sealed keys of all sessions, so far."""

    key_id: str
    """The key that they are to be sealed with."""
    found: int
    """Sealed with another one when the work began."""
    current: int
    """Sealed with it already."""
    rekeyed: int = 0
    gone: int = 0
    """Unlinked or removed meanwhile."""
    failed: list[Failure] = field(default_factory=list)
    done: int = 0
    """Of those found, whatever became of them."""

    def to_json(self) -> dict[str, Any]:
        return {
            "keyId": self.key_id,
            "rekeyed": self.rekeyed,
            "alreadyCurrent": self.current,
            "failed": [failure.to_json() for failure in self.failed],
        }


class Rekeying:
    """One session after the other, each in one write that takes effect only on what was read.

    Neither the fence nor anything else of a document is touched, and what a connector saves at the same time stays. So it may be
    interrupted at any point and done again, also beside another one.
    """

    def __init__(self, database: MongoDatabase, keyring: Keyring, *, dry_run: bool) -> None:
        self._devices = database[Collection.DEVICES]
        self._keyring = keyring
        self._dry_run = dry_run

    async def run(self, report: Callable[[Rekeyed], None]) -> Rekeyed:
        """Calls `report` before the first session and after each."""
        newest = self._keyring.current
        others: dict[str, Any] = {"keys": {"$ne": None}, "keys.keyId": {"$ne": newest}}
        result = Rekeyed(
            key_id=newest,
            found=await self._devices.count_documents(others),
            current=await self._devices.count_documents({"keys.keyId": newest}),
        )
        report(result)
        # The ids alone, so that a document is read right before it is written.
        async for document in self._devices.find(others, {"_id": True}).sort("_id", 1):
            await self._rekey(SessionId(document["_id"]), result)
            result.done += 1
            report(result)
        return result

    async def _rekey(self, session: SessionId, result: Rekeyed) -> None:
        for _ in range(ATTEMPTS):
            document = await self._devices.find_one({"_id": session}, {"organization": True, "keys": True})
            if document is None or document.get("keys") is None:
                result.gone += 1
                return
            found = document["keys"]
            if isinstance(found, dict) and found.get("keyId") == self._keyring.current:
                result.current += 1
                return
            try:
                sealed = self._sealed_again(session, document)
            except DeviceKeysError as error:
                result.failed.append(Failure(session, str(error)))
                return
            if self._dry_run or await self._replaced(session, found, sealed):
                result.rekeyed += 1
                return
        result.failed.append(Failure(session, f"its connector saved {ATTEMPTS} times meanwhile: run this again"))

    def _sealed_again(self, session: SessionId, document: dict[str, Any]) -> dict[str, Any]:
        if "organization" not in document:
            raise DeviceKeysError(f"the device of session {session} names no organization: pair the session anew")
        organization = OrganizationId(document["organization"])
        keys = self._keyring.open(session, organization, document["keys"])
        return dict(self._keyring.seal(session, organization, keys))

    async def _replaced(self, session: SessionId, found: dict[str, Any], sealed: dict[str, Any]) -> bool:
        # Each seal has a nonce of its own: equal ones mean that nobody saved since.
        unchanged = {"_id": session, "keys.keyId": found["keyId"], "keys.nonce": found["nonce"]}
        return bool((await self._devices.update_one(unchanged, {"$set": {"keys": sealed}})).matched_count)
