from typing import Literal

from typing_extensions import TypedDict

from waypost_common.documents import SessionDocument

DEFAULT_RATE_PER_MIN = 20
DEFAULT_RATE_PER_HOUR = 200


class WASession(TypedDict):
    """One attached WhatsApp number."""

    id: str
    organizationId: str
    gatewayId: str
    status: Literal["starting", "scan_qr_code", "working", "failed", "stopped", "logged_out"]
    label: str | None
    phoneNumber: str | None
    waJid: str | None
    waLid: str | None
    isAdminSession: bool
    autoRead: bool
    presenceTyping: bool
    ratePerMin: int
    ratePerHour: int
    createdByUserId: str | None
    lastConnectedAt: int | None
    createdAt: int
    updatedAt: int


class WASessionList(TypedDict):
    data: list[WASession]
    nextCursor: str | None


def status_of(session: SessionDocument) -> str:
    """One that is to run, and of which no connector has told anything yet, is on its way."""
    waits = session["desired"] == "running" and session["operations"] is None
    return "starting" if waits and session["status"] == "stopped" else session["status"]


def session_view(session: SessionDocument) -> WASession:
    return {
        "id": session["session"],
        "organizationId": session["organization"],
        "gatewayId": session["gatewayId"] or "",
        "status": status_of(session),  # type: ignore[typeddict-item]  # stored as text
        "label": session["label"],
        "phoneNumber": session["phoneNumber"],
        "waJid": session["waJid"],
        "waLid": session["waLid"],
        "isAdminSession": session["isAdminSession"],
        "autoRead": session["autoRead"],
        "presenceTyping": session["presenceTyping"],
        "ratePerMin": DEFAULT_RATE_PER_MIN,
        "ratePerHour": DEFAULT_RATE_PER_HOUR,
        "createdByUserId": session["createdByUserId"],
        "lastConnectedAt": session["lastConnectedAt"],
        "createdAt": session["createdAt"],
        "updatedAt": session["updatedAt"],
    }
