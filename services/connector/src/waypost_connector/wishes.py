"""What is wanted of each session of this connector: what WhatsApp knows of it and what its document says, put together. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from waypost_common.event_payloads import DesiredState, SessionState
from waypost_common.identifiers import OrganizationId, SessionId
from waypost_connector.backend import Device


@dataclass(frozen=True)
class Known:
    """What is read of a session's document."""

    organization: OrganizationId
    backend: str | None
    desired: str | None
    status: str
    identified: bool
    """Whether it has been paired at least once."""
    removed: bool
    fence: int = 0
    """The highest under which something was told of it; 0 for none."""


@dataclass(frozen=True)
class Wish:
    """`removed`: to be unlinked; never running."""

    device: Device
    running: bool
    removed: bool = False
    status: str | None = None
    """As the document has it, which may be a moment behind; None without a document."""
    identified: bool = False
    fence: int = 0
    """As in `Known`."""

    @property
    def was_unlinked_unseen(self) -> bool:
        """Whether the document does not know yet that WhatsApp knows the device no more."""
        told = self.status in (SessionState.LOGGED_OUT, SessionState.SCAN_QR_CODE)
        return self.identified and not self.device.paired and not told


def wishes(devices: Iterable[Device], documents: Mapping[SessionId, Known], *, backend: str, is_default: bool) -> list[Wish]:
    """One for each session that this backend is to serve. `devices`: all that it knows. A session to pair whose document names no
    backend is the default one's.

    A device without a document is new, and is to run. A document without a device is a session to pair, once somebody has said
    what is wanted of it; one that was removed is of no concern any more.
    """
    found = []
    listed = set()
    for device in devices:
        listed.add(device.session)
        document = documents.get(device.session)
        if document is None:
            found.append(Wish(device, running=device.paired))
        elif document.backend in (None, backend) and (device.paired or not document.removed):
            found.append(_wish(device, document))
    for session, document in documents.items():
        ours = document.backend == backend or (is_default and document.backend is None and document.desired is not None)
        if session not in listed and ours and not document.removed:
            found.append(_wish(Device(session, document.organization, paired=False), document))
    return found


def _wish(device: Device, document: Known) -> Wish:
    wanted = document.desired == DesiredState.RUNNING or (document.desired is None and device.paired)
    return Wish(
        device,
        running=wanted and not document.removed,
        removed=document.removed,
        status=document.status,
        identified=document.identified,
        fence=document.fence,
    )
