"""Creating, following and muting channels (newsletters), on WhatsApp itself."""

from collections.abc import Callable
from typing import Annotated, ClassVar, Final

from pydantic import Field
from starlette.responses import Response
from typing_extensions import TypedDict

from waypost_api.call import Call
from waypost_api.commands.carry import Done
from waypost_api.commands.submit import CommandFields
from waypost_api.json_response import JsonResponse
from waypost_api.lookups import newsletter_or_404
from waypost_api.operation import SEND, Operation, Tag
from waypost_api.request_body import RequestBody, parse_body
from waypost_api.routes.live import LiveRequest, LiveWish, carry_out_live, no_content, session_alone
from waypost_common.commands import CommandEnvelope
from waypost_common.errors import OperationFailedError
from waypost_common.identifiers import Jid
from waypost_common.live_commands import (
    MAX_CHANNEL_DESCRIPTION,
    MAX_CHANNEL_NAME,
    ChannelCreateCommand,
    ChannelCreatePayload,
    ChannelFollowCommand,
    ChannelMuteCommand,
    ChannelMutePayload,
    ChannelPayload,
    ChannelUnfollowCommand,
)

ChannelCommand = Callable[[CommandFields, Jid], CommandEnvelope]


class CreateChannelBody(RequestBody):
    expected: ClassVar = {
        "name": f"a text of 1 to {MAX_CHANNEL_NAME} characters",
        "description": f"a text of at most {MAX_CHANNEL_DESCRIPTION} characters",
    }

    name: Annotated[str, Field(min_length=1, max_length=MAX_CHANNEL_NAME, pattern=r"\S")]
    description: Annotated[str, Field(max_length=MAX_CHANNEL_DESCRIPTION)] | None = None
    """The channel's profile text."""


class MuteChannelBody(RequestBody):
    expected: ClassVar = {"mute": "true or false"}

    mute: bool = True
    """false unmutes."""


class CreatedChannel(TypedDict):
    jid: str


def _created(_call: Call, body: bytes) -> LiveWish:
    sent = parse_body(CreateChannelBody, body, status=400)
    payload = ChannelCreatePayload(name=sent.name, description=sent.description)
    return LiveWish(sent.model_dump(), lambda fields: ChannelCreateCommand(payload=payload, **fields))


async def _jid_of_created(done: Done) -> Response:
    jid = (done.outcome.result or {}).get("jid")
    if not isinstance(jid, str):
        raise OperationFailedError("the connector did not say which channel it made", details={"operation": done.outcome.command})
    created: CreatedChannel = {"jid": jid}
    return JsonResponse(created, status=201)


async def create_channel(call: Call) -> Response:
    request = LiveRequest(command="channel.create", subject=session_alone, parse=_created, answer=_jid_of_created)
    return await carry_out_live(call, request)


def _channel(call: Call) -> Jid:
    return newsletter_or_404(call.path("jid"))


async def follow_channel(call: Call) -> Response:
    def parse(call: Call, _body: bytes) -> LiveWish:
        payload = ChannelPayload(jid=_channel(call))
        return LiveWish({}, lambda fields: ChannelFollowCommand(payload=payload, **fields))

    return await carry_out_live(call, LiveRequest(command="channel.follow", subject=_channel, parse=parse, answer=no_content()))


async def unfollow_channel(call: Call) -> Response:
    def parse(call: Call, _body: bytes) -> LiveWish:
        payload = ChannelPayload(jid=_channel(call))
        return LiveWish({}, lambda fields: ChannelUnfollowCommand(payload=payload, **fields))

    return await carry_out_live(call, LiveRequest(command="channel.unfollow", subject=_channel, parse=parse, answer=no_content()))


async def mute_channel(call: Call) -> Response:
    def parse(call: Call, body: bytes) -> LiveWish:
        sent = parse_body(MuteChannelBody, body, status=400) if body.strip() else MuteChannelBody()
        payload = ChannelMutePayload(jid=_channel(call), mute=sent.mute)
        return LiveWish(sent.model_dump(), lambda fields: ChannelMuteCommand(payload=payload, **fields))

    return await carry_out_live(call, LiveRequest(command="channel.mute", subject=_channel, parse=parse, answer=no_content()))


CHANNEL: Final = "/sessions/{session}/channels/{jid}"

OPERATIONS: Final = (
    Operation(
        id="createChannel", method="POST", path="/sessions/{session}/channels", title="Create a channel (newsletter)",
        tag=Tag.CHANNELS, capabilities=SEND, handler=create_channel, success=201, answer=CreatedChannel, body=CreateChannelBody,
        errors=(400, 404, 409, 501), changes=True,
        description="Not idempotent without an `Idempotency-Key`. 501 while no connector of the session offers it.",
    ),
    Operation(
        id="followChannel", method="POST", path=f"{CHANNEL}:follow", title="Follow a channel", tag=Tag.CHANNELS,
        capabilities=SEND, handler=follow_channel, success=204, errors=(400, 404, 409, 501), changes=True,
        description="Following what is followed changes nothing. 501 while no connector of the session offers it.",
    ),
    Operation(
        id="unfollowChannel", method="POST", path=f"{CHANNEL}:unfollow", title="Unfollow a channel", tag=Tag.CHANNELS,
        capabilities=SEND, handler=unfollow_channel, success=204, errors=(400, 404, 409, 501), changes=True,
        description="Its posts stop; stored ones stay readable. 501 while no connector of the session offers it.",
    ),
    Operation(
        id="muteChannel", method="POST", path=f"{CHANNEL}:mute", title="Mute or unmute a channel", tag=Tag.CHANNELS,
        capabilities=SEND, handler=mute_channel, success=204, body=MuteChannelBody, body_required=False,
        errors=(400, 404, 409, 501), changes=True,
        description="Sets, does not toggle; an absent or empty body mutes. 501 while no connector of the session offers it.",
    ),
)  # fmt: skip
