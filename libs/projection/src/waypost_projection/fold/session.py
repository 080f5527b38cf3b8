"""A session's document: status, identity, pairing codes, and the tombstone of a removed one."""

from typing import Final

from waypost_common.documents import NO_OFFSET, SessionDocument
from waypost_common.event_payloads import AuthCodePayload, AuthQrPayload, SessionState, SessionStatusPayload
from waypost_common.events import SessionEvent
from waypost_common.jids import is_phone_jid, user_part
from waypost_common.outcomes import OutcomeStatus
from waypost_projection.fold.commands_seen import outcome_seen, remember
from waypost_projection.logged import Logged

_COPIED: Final = {
    "operations": "operations",
    "gateway_id": "gatewayId",
    "label": "label",
    "phone_number": "phoneNumber",
    "wa_jid": "waJid",
    "wa_lid": "waLid",
    "created_by_user_id": "createdByUserId",
    "auto_read": "autoRead",
    "presence_typing": "presenceTyping",
    "is_admin_session": "isAdminSession",
    "backend": "backend",
}


def unseen(logged: Logged[SessionEvent]) -> SessionDocument:
    event = logged.event
    return {
        "_id": event.session,
        "session": event.session,
        "organization": event.organization,
        "status": SessionState.STOPPED.value,
        "desired": None,
        "operations": None,
        "gatewayId": None,
        "label": None,
        "phoneNumber": None,
        "waJid": None,
        "waLid": None,
        "createdByUserId": None,
        "autoRead": False,
        "presenceTyping": False,
        "isAdminSession": False,
        "backend": None,
        "businessName": None,
        "platform": None,
        "qr": None,
        "pairingCode": None,
        "removed": False,
        "fence": None,
        "createdAt": event.timestamp,
        "updatedAt": event.timestamp,
        "lastConnectedAt": None,
        "commands": [],
        "partition": logged.partition,
        "offset": NO_OFFSET,
    }


def is_ignored(session: SessionDocument | None, logged: Logged[SessionEvent]) -> bool:
    """Nothing changes a removed session, nor what an overtaken owner says (a lower fence)."""
    if session is None:
        return False
    fence, known = logged.event.payload.fence, session["fence"]
    return session["removed"] or (fence is not None and known is not None and fence < known)


def fold(session: SessionDocument | None, logged: Logged[SessionEvent]) -> SessionDocument | None:
    """The session after the event; the same object when the event is ignored."""
    if is_ignored(session, logged):
        return session
    after = (session or unseen(logged)).copy()
    payload = logged.event.payload
    if payload.fence is not None:
        after["fence"] = payload.fence
    match payload:
        case SessionStatusPayload():
            _set_status(after, logged, payload)
        case AuthQrPayload():
            if after["status"] == SessionState.SCAN_QR_CODE:
                after["qr"] = {"code": payload.code, "expiresAt": payload.expires_at}
        case AuthCodePayload(code=None):
            _set_paired(after, payload)
        case AuthCodePayload():
            if after["status"] == SessionState.SCAN_QR_CODE:
                after["pairingCode"] = payload.code
    after["updatedAt"] = logged.event.timestamp
    after["offset"] = logged.offset
    return after


def apply(session: SessionDocument | None, logged: Logged[SessionEvent]) -> tuple[SessionDocument | None, OutcomeStatus | None]:
    """The session after the event, once however often it comes, and the status of the command whose last event it is."""
    command = logged.command if logged.command is not None and logged.command.last else None
    if command is not None and session is not None:
        seen = outcome_seen(session["commands"], command.id)
        if seen is not None:
            return session, OutcomeStatus(seen)
    if session is not None and logged.offset <= session["offset"]:
        return session, None if command is None else OutcomeStatus.SUCCEEDED
    after = fold(session, logged)
    if command is None or after is None:
        return after, None
    after = after.copy()
    after["commands"] = remember(after["commands"], command.id, OutcomeStatus.SUCCEEDED.value)
    after["offset"] = logged.offset
    return after, OutcomeStatus.SUCCEEDED


def _set_status(session: SessionDocument, logged: Logged[SessionEvent], payload: SessionStatusPayload) -> None:
    for name, stored in _COPIED.items():
        value = getattr(payload, name)
        if value is not None:
            session[stored] = value  # type: ignore[literal-required]
    if payload.desired is not None:
        session["desired"] = payload.desired.value
    if payload.status is not None:
        session["status"] = payload.status.value
        if payload.status is SessionState.WORKING and not payload.removed:
            session["lastConnectedAt"] = logged.event.timestamp
    if payload.removed:
        session["removed"] = True
        session["status"] = SessionState.STOPPED.value
    if session["status"] != SessionState.SCAN_QR_CODE:
        session["qr"] = session["pairingCode"] = None


def _set_paired(session: SessionDocument, payload: AuthCodePayload) -> None:
    if payload.jid is not None:
        session["waJid"] = payload.jid
        if is_phone_jid(payload.jid):
            session["phoneNumber"] = user_part(payload.jid)
    session["waLid"] = payload.lid or session["waLid"]
    session["businessName"] = payload.business_name or session["businessName"]
    session["platform"] = payload.platform or session["platform"]
