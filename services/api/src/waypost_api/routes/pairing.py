"""Pairing a session with a phone: by QR code or by a code for a phone number; and who it is paired with."""

import io
import re
from collections.abc import Callable
from typing import Annotated, ClassVar, Final, Literal

import segno
from pydantic import Field
from starlette.responses import Response
from typing_extensions import TypedDict

from waypost_api import query_parameters
from waypost_api.call import Call
from waypost_api.commands.carry import Done, checked_key, earlier_request
from waypost_api.commands.submit import CommandFields, command_fields, submission_of
from waypost_api.json_response import JsonResponse
from waypost_api.lookups import OwnedSession, find_session
from waypost_api.operation import MANAGE, Operation, QueryParameter, Tag
from waypost_api.request_body import RequestBody, parse_body, read_body
from waypost_api.routes.live import LiveRequest, LiveWish, carry_out_live, session_alone
from waypost_api.routes.session_changes import LOGGED_OUT, STARTED, until_session
from waypost_api.views.documented import documented
from waypost_common.commands import SessionCommandPayload, SessionStartCommand
from waypost_common.documents import SessionDocument
from waypost_common.errors import ConflictError, NotFoundError, OperationFailedError, ValidationFailedError
from waypost_common.identifiers import EpochMs
from waypost_common.live_commands import PairPayload, SessionPairCommand

PHONE: Final = re.compile(r"[1-9][0-9]{5,14}")
IMAGES: Final = {"image/png": "png", "image/svg+xml": "svg"}
PIXELS_A_MODULE: Final = 8


class SessionIdentity(TypedDict):
    """Who the session is on WhatsApp."""

    sessionId: str
    status: str
    connected: bool
    phoneNumber: str | None
    waJid: str | None
    waLid: str | None


@documented
class QrCode(TypedDict):
    code: str
    """What the phone scans."""
    expiresAt: int | None


@documented
class PairingCode(TypedDict):
    code: str
    """What the phone's owner types, for example ABCD-1234."""


class PairingCodeBody(RequestBody):
    expected: ClassVar = {"phone": "6 to 15 digits with the country code, without +"}

    phone: Annotated[str, Field(json_schema_extra={"pattern": f"^{PHONE.pattern}$"})]
    """Digits only, with the country code: 628123456789."""


def is_paired(session: SessionDocument) -> bool:
    """A session that was logged out keeps its address, also while it shows the codes of its next pairing."""
    return session["waJid"] is not None and session["status"] not in (LOGGED_OUT, "scan_qr_code")


async def session_me(call: Call) -> Response:
    session = (await find_session(call)).document
    if not is_paired(session):
        raise NotFoundError("the session is not paired with a phone yet")
    identity: SessionIdentity = {
        "sessionId": session["session"],
        "status": session["status"],
        "connected": session["status"] == "working",
        "phoneNumber": session["phoneNumber"],
        "waJid": session["waJid"],
        "waLid": session["waLid"],
    }
    return JsonResponse(identity)


async def session_qr(call: Call) -> Response:
    kind = _kind_of_answer(call)
    with call.reading():
        session = await find_session(call)
    if is_paired(session.document):
        raise ConflictError("the session is paired already; log it out to pair it anew")
    if valid_qr(session.document, now=call.now()) is None:
        await _start(call, session)
    shown = await until_session(
        call, session.scope, lambda found: is_paired(found) or valid_qr(found, now=call.now()) is not None
    )
    if is_paired(shown):
        raise ConflictError("the session has been paired just now")
    qr = valid_qr(shown, now=call.now())
    if qr is None:
        raise NotFoundError("there is no QR code yet; try again in a few seconds")
    return qr_response(qr, kind)


def valid_qr(session: SessionDocument, *, now: EpochMs) -> QrCode | None:
    """The code, unless it has expired."""
    qr = session["qr"]
    if qr is None or (qr["expiresAt"] is not None and qr["expiresAt"] <= now):
        return None
    return {"code": qr["code"], "expiresAt": qr["expiresAt"]}


def qr_response(qr: QrCode, kind: Literal["json", "png", "svg"]) -> Response:
    headers = {"Cache-Control": "no-store"}
    if kind == "json":
        return JsonResponse(qr, headers=headers)
    image = io.BytesIO()
    segno.make_qr(qr["code"], error="m").save(image, kind=kind, scale=PIXELS_A_MODULE, light="white")
    media_type = next(name for name, known in IMAGES.items() if known == kind)
    return Response(image.getvalue(), media_type=media_type, headers=headers)


def _kind_of_answer(call: Call) -> Literal["json", "png", "svg"]:
    """By `?format=`, else by `Accept`: the first of the images that it names, unless it takes JSON as well."""
    asked = query_parameters.choice(call.request, "format", ("json", "png", "svg"))
    if asked is None:
        accepted = [part.split(";")[0].strip().lower() for part in call.request.headers.get("accept", "").split(",")]
        takes_json = not {"application/json", "*/*"}.isdisjoint(accepted)
        asked = "json" if takes_json else next((IMAGES[name] for name in accepted if name in IMAGES), "json")
    return asked  # type: ignore[return-value]  # one of the choices


async def session_pairing_code(call: Call) -> Response:
    with call.reading():
        session = await find_session(call)
        earlier = await earlier_request(call)
    request = LiveRequest(command="session.pair", subject=session_alone, parse=_phone(session), answer=_code)
    body = None
    if earlier is None and session.document["operations"] is None:
        # Nobody has said yet whether this can be done; what will be refused anyway starts nothing.
        body = await read_body(call.request, call.state["settings"].http)
        request.parse(call, body)
        checked_key(call)
        await _start(call, session)
        await until_session(call, session.scope, lambda found: found["operations"] is not None)
    return await carry_out_live(call, request, body=body)


def _phone(session: OwnedSession) -> Callable[[Call, bytes], LiveWish]:
    def parse(_call: Call, body: bytes) -> LiveWish:
        sent = parse_body(PairingCodeBody, body, status=400)
        if not PHONE.fullmatch(sent.phone):
            expected = f"must be {PairingCodeBody.expected['phone']}"
            raise ValidationFailedError("the body is malformed", fields={"phone": expected})
        payload = PairPayload(phone=sent.phone)

        def command(fields: CommandFields) -> SessionPairCommand:
            # Not before: the request that paired it may come again under its key.
            if is_paired(session.document):
                raise ValidationFailedError("the session is paired already; log it out to pair it anew")
            return SessionPairCommand(payload=payload, **fields)

        return LiveWish(sent.model_dump(), command)

    return parse


async def _code(done: Done) -> Response:
    code = (done.outcome.result or {}).get("code")
    if not isinstance(code, str):
        raise OperationFailedError("the connector gave no code", details={"operation": done.outcome.command})
    answer: PairingCode = {"code": code}
    return JsonResponse(answer, headers={"Cache-Control": "no-store"})


async def _start(call: Call, session: OwnedSession) -> None:
    """Asks for the session to run, unless it does."""
    document = session.document
    if document["desired"] == "running" and document["status"] in (*STARTED, "starting"):
        return
    command = SessionStartCommand(payload=SessionCommandPayload(), **command_fields(call, session.scope))
    submission = submission_of(call, command, request_hash="", generation=session.scope.generation)
    await call.state["executor"].start(submission)


SESSION: Final = "/sessions/{session}"

OPERATIONS: Final = (
    Operation(
        id="sessionMe", method="GET", path=f"{SESSION}/me", title="Get the connected account's own identity", tag=Tag.SESSIONS,
        capabilities=MANAGE, handler=session_me, answer=SessionIdentity,
    ),
    Operation(
        id="sessionQR", method="GET", path=f"{SESSION}/qr", title="Get the current pairing QR code", tag=Tag.SESSIONS,
        capabilities=MANAGE, handler=session_qr, answer=QrCode, errors=(400, 404, 409), waits=True,
        other_media=tuple(IMAGES),
        query=(QueryParameter("format", "`png` and `svg` give an image, as `Accept` does.",
                              {"type": "string", "enum": ["json", "png", "svg"]}),),
        description="Starts pairing where it has not begun, and answers 404 until there is a code (within 5 seconds). A code "
        "lasts about 20 seconds.",
    ),
    Operation(
        id="sessionPairingCode", method="POST", path=f"{SESSION}/pairing-code", title="Request a phone pairing code",
        tag=Tag.SESSIONS, capabilities=MANAGE, handler=session_pairing_code, answer=PairingCode, body=PairingCodeBody,
        errors=(400, 404, 409, 501), changes=True,
    ),
)  # fmt: skip
