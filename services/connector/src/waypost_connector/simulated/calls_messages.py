"""Sending, editing, revoking and reacting in the simulated network."""

import time
from typing import Any, Final

from waypost_common.errors import ErrorCode
from waypost_common.identifiers import Jid, MessageId
from waypost_common.jids import ChatType, chat_type
from waypost_connector.simulated.calls_answers import Answer, RefusedError
from waypost_connector.simulated.calls_known import KnownMessages, Message
from waypost_connector.simulated.calls_storage import CallStorage
from waypost_connector.simulated.cast import Person
from waypost_connector.simulated.conversation import message_id
from waypost_connector.simulated.drafts import Draft
from waypost_connector.simulated.mailboxes import Disk, Mailbox

MOST_READERS: Final = 2
"""Members of a group that tell what they have read."""


class MessageCalls:
    """Of one session."""

    def __init__(self, mailbox: Mailbox, known: KnownMessages, storage: CallStorage, disk: Disk) -> None:
        self._mailbox = mailbox
        self._known = known
        self._storage = storage
        self._disk = disk

    async def send(self, command: str, payload: dict[str, Any]) -> Answer:
        to = Jid(payload["to"])
        readers = await self._readers(to)
        own_id = self._new_id(command)
        fields: dict[str, Any] = {"type": "text", "hasMedia": False, "body": payload["text"]}
        if "replyTo" in payload:
            fields["quotedMessageId"] = payload["replyTo"]
        if "mentions" in payload:
            fields["mentions"] = payload["mentions"]
        await self._disk.do(self._storage.sent, self._mailbox.number, own_id, to)
        answer = self._answer("message.from_me", own_id, to, fields)
        answer.later = self._receipts(own_id, to, readers)
        return answer

    async def edit(self, command: str, payload: dict[str, Any]) -> Answer:
        found = await self._target(payload)
        if not found.from_me:
            raise RefusedError(ErrorCode.FORBIDDEN, "only messages of one's own can be edited")
        if found.type != "text":
            raise RefusedError(ErrorCode.VALIDATION_ERROR, "only text messages can be edited")
        return self._about(command, payload, "message.edited", {"type": "text", "body": payload["text"]})

    async def revoke(self, command: str, payload: dict[str, Any]) -> Answer:
        if not (await self._target(payload)).from_me:
            raise RefusedError(ErrorCode.FORBIDDEN, "only a group's admins can revoke messages of others")
        return self._about(command, payload, "message.revoked", {"type": "system"})

    async def react(self, command: str, payload: dict[str, Any]) -> Answer:
        await self._target(payload)
        return self._about(command, payload, "message.reaction", {"type": "reaction", "reaction": payload["emoji"]})

    async def _target(self, payload: dict[str, Any]) -> Message:
        found = await self._known.find(Jid(payload["chatJid"]), MessageId(payload["messageId"]))
        if found is None:
            raise RefusedError(ErrorCode.NOT_FOUND, "there is no such message in this chat")
        return found

    def _about(self, command: str, payload: dict[str, Any], event: str, fields: dict[str, Any]) -> Answer:
        target = {"targetId": payload["messageId"], "hasMedia": False}
        return self._answer(event, self._new_id(command), Jid(payload["chatJid"]), target | fields)

    def _answer(self, event: str, own_id: MessageId, chat: Jid, fields: dict[str, Any]) -> Answer:
        me = self._known.cast.me
        payload = {
            "waMessageId": own_id,
            "chatJid": chat,
            "fromMe": True,
            "timestamp": 0,
            **me.as_sender,
            "pushName": me.name,
            **fields,
        }
        now = int(time.time()) * 1_000
        facts = {"message": own_id, "chat": chat} | ({"target": fields["targetId"]} if "targetId" in fields else {})
        result = {"waMessageId": own_id, "timestamp": now}
        return Answer([Draft(event, payload, self._alternative(chat))], result, facts=facts)

    async def _readers(self, to: Jid) -> tuple[Person, ...]:
        """Who acknowledges what is sent there. Raises RefusedError when nothing can be."""
        match chat_type(to):
            case ChatType.DM:
                person = self._known.person(to)
                return () if person is None else (person,)
            case ChatType.GROUP:
                group = next((chat for chat in self._known.cast.chats if chat.jid == to), None)
                if group is None:
                    raise RefusedError(ErrorCode.NOT_FOUND, "the session is in no such group")
                return group.people[:MOST_READERS]
            case ChatType.NEWSLETTER:
                channel = await self._disk.do(self._storage.channel, to)
                if channel is None or channel.session != self._mailbox.number:
                    raise RefusedError(ErrorCode.FORBIDDEN, "only a channel's owner can post there")
                return ()
            case _:
                raise RefusedError(ErrorCode.FORBIDDEN, "nothing can be sent there")

    def _receipts(self, own_id: MessageId, to: Jid, readers: tuple[Person, ...]) -> list[tuple[float, Draft]]:
        """The server has it at once; people's phones and eyes take a little."""
        random = self._known.cast.random("receipts", own_id)
        payload = {"chatJid": to, "messageIds": [own_id], "timestamp": 0}
        later = [(0.05, Draft("message.status", payload | {"status": "sent"}, self._alternative(to)))]
        for person in readers:
            after = 0.05
            for status in ("delivered", "read"):
                after += random.uniform(0.1, 0.5)
                draft = Draft("message.status", payload | {"status": status, "senderJid": person.jid}, self._alternative(to))
                later.append((after, draft))
        return later

    def _alternative(self, chat: Jid) -> Jid | None:
        person = self._known.person(chat)
        if person is None or chat_type(chat) is not ChatType.DM:
            return None
        return person.phone if chat == person.lid else person.lid

    def _new_id(self, command: str) -> MessageId:
        return message_id(self._known.cast, "call", command, self._mailbox.stream.sequence, time.time_ns())
