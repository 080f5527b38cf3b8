"""How a request that changes a chat is carried through: looked up, checked, asked for as a command, answered."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pymongo.errors import PyMongoError
from starlette.responses import Response

from waypost_api.call import Call
from waypost_api.commands.carry import Done, Wanted, carry_through, check_options, earlier_request
from waypost_api.commands.chat_commands import MakeChatCommand
from waypost_api.commands.submit import CommandFields
from waypost_api.lookups import find_chat, find_session, find_session_and_chat, jid_or_404
from waypost_api.queries.scope import Scope
from waypost_api.request_body import read_body
from waypost_common.commands import ChatCommand
from waypost_common.documents import ChatDocument
from waypost_common.errors import UnavailableError
from waypost_common.mongo import is_outage


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks of its chat. `fingerprint` is equal for requests that ask the same; no `command`: no change."""

    fingerprint: dict[str, Any]
    command: MakeChatCommand | None


ParseWish = Callable[[bytes], Wish]
"""From the body. Raises ValidationFailedError."""
Answer = Callable[[ChatDocument], Response]
"""From the chat as it is now."""


async def change_chat(call: Call, parse: ParseWish, answer: Answer | None) -> Response:
    """`answer` None is 204. A request whose idempotency key came before gets the first outcome, and nothing runs."""
    with call.reading():
        earlier = await earlier_request(call)
        # The first request may have deleted it.
        scope, chat = await find_session_and_chat(call) if earlier is None else ((await find_session(call)).scope, None)
        asked_for = jid_or_404(call.path("cid"), "chat")
    wish = parse(await read_body(call.request, call.state["settings"].http))
    make = wish.command
    if chat is not None and make is None:
        check_options(call)
        return Response(status_code=204) if answer is None else answer(chat)
    jid = asked_for if chat is None else chat["jid"]

    def command(fields: CommandFields) -> ChatCommand:
        assert make is not None  # noqa: S101  (nothing is asked for again where a key came before)
        return make(fields, jid)

    async def answered(done: Done) -> Response:
        return Response(status_code=204) if answer is None else await _shown(call, scope, done, answer)

    wanted = Wanted(scope=scope, subject=asked_for, fingerprint=wish.fingerprint, command=command, validation_status=422)
    return await carry_through(call, wanted, earlier=earlier, answer=answered)


def simple_wish(command: MakeChatCommand) -> ParseWish:
    """For operations that take no body; one that is sent is ignored."""
    return lambda _body: Wish({}, command)


async def _shown(call: Call, scope: Scope, done: Done, answer: Answer) -> Response:
    try:
        with call.reading():
            return answer(await find_chat(call, scope))
    except PyMongoError as outage:
        if not is_outage(outage):
            raise
        message = "the change was made, but cannot be read at the moment"
        raise UnavailableError(message, details={"operation": done.outcome.command}) from outage
