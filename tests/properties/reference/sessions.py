"""One session, read from all session.status and auth.* events of its key.

Decisions where the catalogue is silent:
- An auth.qr or pairing code outside scan_qr_code is not kept, but its event counts as applied: it makes the session
  appear, and moves `updatedAt` and `fence`.
- An event that carries both `removed` and a status ends as `stopped`, and does not count as a connection.
- Each accepted event that says `working` is a connection for lastConnectedAt; "newest" is the last in the log.
- An auth.code with a code is a pairing code only: its other fields are not read.
- A command on a session always succeeds, also where the fence or the tombstone made it change nothing.
"""

from .records import Json, Record, is_phone, user_of

PLAIN_FIELDS = (
    "desired",
    "label",
    "phoneNumber",
    "waJid",
    "waLid",
    "gatewayId",
    "operations",
    "autoRead",
    "presenceTyping",
    "isAdminSession",
    "createdByUserId",
    "backend",
)


class Session:
    def __init__(self, key: str) -> None:
        self.key = key
        self.events: list[Record] = []

    def view(self) -> Json:
        session: Json = {
            "id": self.key,
            "organizationId": self.events[0].value["organization"],
            "status": "stopped",
            **dict.fromkeys(PLAIN_FIELDS),
            "autoRead": False,
            "presenceTyping": False,
            "isAdminSession": False,
            "removed": False,
            "qr": None,
            "pairingCode": None,
            "businessName": None,
            "platform": None,
            "fence": None,
            "createdAt": self.events[0].seen_at,
            "updatedAt": self.events[0].seen_at,
            "lastConnectedAt": None,
        }
        for record in self.events:
            fence = record.payload.get("fence")
            overtaken = fence is not None and session["fence"] is not None and fence < session["fence"]
            if session["removed"] or overtaken:
                continue
            session["updatedAt"] = record.seen_at
            if fence is not None:
                session["fence"] = fence
            FOLLOW[record.event](session, record)
            if session["status"] != "scan_qr_code":
                session["qr"] = session["pairingCode"] = None
        return session


def _status(session: Json, record: Record) -> None:
    payload = record.payload
    session.update({field: payload[field] for field in PLAIN_FIELDS if field in payload})
    session["status"] = payload.get("status", session["status"])
    if payload.get("removed") is True:
        session["removed"] = True
        session["status"] = "stopped"
    elif payload.get("status") == "working":
        session["lastConnectedAt"] = record.seen_at


def _qr(session: Json, record: Record) -> None:
    session["qr"] = {"code": record.payload["code"], "expiresAt": record.payload.get("expiresAt")}


def _code(session: Json, record: Record) -> None:
    payload = record.payload
    if payload.get("code") is not None:
        session["pairingCode"] = payload["code"]
        return
    if "jid" in payload:
        session["waJid"] = payload["jid"]
        if is_phone(payload["jid"]):
            session["phoneNumber"] = user_of(payload["jid"])
    if "lid" in payload:
        session["waLid"] = payload["lid"]
    session.update({field: payload[field] for field in ("businessName", "platform") if field in payload})


FOLLOW = {"session.status": _status, "auth.qr": _qr, "auth.code": _code}
