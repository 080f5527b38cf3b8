"""Channels in the simulated network: made, followed, left, muted."""

from typing import Any

from waypost_common.errors import ErrorCode
from waypost_common.identifiers import Jid
from waypost_common.jids import ChatType
from waypost_connector.simulated.calls_answers import Answer, RefusedError
from waypost_connector.simulated.calls_storage import CallStorage, Channel
from waypost_connector.simulated.cast import digits
from waypost_connector.simulated.drafts import Draft
from waypost_connector.simulated.mailboxes import Disk, Mailbox
from waypost_connector.simulated.openings import channel_facts


class ChannelCalls:
    """Of one session. `unfollowed` is shared with whoever makes the session's events."""

    def __init__(self, mailbox: Mailbox, unfollowed: set[Jid], storage: CallStorage, disk: Disk) -> None:
        self._mailbox = mailbox
        self._unfollowed = unfollowed
        self._storage = storage
        self._disk = disk

    async def create(self, command: str, payload: dict[str, Any]) -> Answer:
        cast = self._mailbox.world.cast
        number = digits(13, cast.draw("made", command, self._mailbox.stream.sequence))
        channel = Channel(Jid(f"12036{number}@newsletter"), self._mailbox.number, payload["name"], payload.get("description"))
        await self._disk.do(self._storage.made, channel)
        answer = _answer(channel.jid, _facts_of(channel, "owner") | {"action": "join"})
        answer.result = {"jid": channel.jid}
        return answer

    async def follow(self, _command: str, payload: dict[str, Any]) -> Answer:
        jid, facts = await self._facts(payload)
        await self._disk.do(self._storage.follow, self._mailbox.number, jid)
        self._unfollowed.discard(jid)
        return _answer(jid, facts | {"action": "join"})

    async def unfollow(self, _command: str, payload: dict[str, Any]) -> Answer:
        """What is in the queue already still comes, as at WhatsApp; nothing is put there any more."""
        jid, _ = await self._facts(payload)
        self._unfollowed.add(jid)
        await self._disk.do(self._storage.unfollow, self._mailbox.number, jid)
        return _answer(jid, {"action": "leave"})

    async def mute(self, _command: str, payload: dict[str, Any]) -> Answer:
        jid, _ = await self._facts(payload)
        return _answer(jid, {"action": "mute" if payload["mute"] else "unmute"})

    async def _facts(self, payload: dict[str, Any]) -> tuple[Jid, dict[str, Any]]:
        """What is told of the channel. Raises RefusedError when there is none."""
        jid, cast = Jid(payload["jid"]), self._mailbox.world.cast
        for chat in cast.chats:
            if chat.type is ChatType.NEWSLETTER and chat.jid == jid:
                return jid, channel_facts(cast, chat, 0, "join").payload
        channel = await self._disk.do(self._storage.channel, jid)
        if channel is None:
            raise RefusedError(ErrorCode.NOT_FOUND, "there is no such channel")
        return jid, _facts_of(channel, "owner" if channel.session == self._mailbox.number else "subscriber")


def _facts_of(channel: Channel, role: str) -> dict[str, Any]:
    facts = {"name": channel.name, "role": role, "subscribers": 1}
    return facts if channel.description is None else facts | {"description": channel.description}


def _answer(jid: Jid, fields: dict[str, Any]) -> Answer:
    return Answer([Draft("newsletter.update", {**fields, "jid": jid})], facts={"jid": jid})
