"""Which messages a session's chats hold, as far back as WhatsApp would let anybody act on them."""

import asyncio
from dataclasses import dataclass
from typing import Any, Final

from waypost_common.identifiers import Jid, MessageId
from waypost_connector.simulated.calls_storage import CallStorage
from waypost_connector.simulated.cast import Cast, Person
from waypost_connector.simulated.mailboxes import Disk, Mailbox
from waypost_connector.simulated.session_world import SessionWorld

MOST_STEPS: Final = 3_000
"""Steps of the stream that are looked through, back from now: many thousand messages."""


@dataclass(frozen=True, slots=True)
class Message:
    chat: Jid
    from_me: bool
    type: str


class KnownMessages:
    """Of one session. The stream is made again where it is looked at, since any step can be made alone."""

    def __init__(self, mailbox: Mailbox, history: int, storage: CallStorage, disk: Disk) -> None:
        self._mailbox = mailbox
        self._world = SessionWorld(mailbox.world.cast, history=history)  # the other one belongs to the generator's thread
        self._storage = storage
        self._disk = disk
        self._found: dict[MessageId, Message] = {}
        self._looked: set[int] = set()
        self._persons: dict[Jid, Person] = {}
        self._one_at_a_time = asyncio.Lock()

    @property
    def cast(self) -> Cast:
        return self._mailbox.world.cast

    def person(self, jid: Jid) -> Person | None:
        """Whose address this is, either one; None for somebody the session has no chat with."""
        if not self._persons:
            for chat in self.cast.chats:
                for person in chat.people:
                    self._persons |= {address: person for address in (person.lid, person.phone) if address is not None}
        return self._persons.get(jid)

    def same_chat(self, one: Jid, other: Jid) -> bool:
        person = self.person(one)
        return one == other or (person is not None and person is self.person(other))

    async def find(self, chat: Jid, message: MessageId) -> Message | None:
        """The message, if it is in that chat, named by either of its person's addresses."""
        sent = await self._disk.do(self._storage.chat_of, self._mailbox.number, message)
        if sent is not None:
            found: Message | None = Message(sent, from_me=True, type="text")
        else:
            async with self._one_at_a_time:
                found = await asyncio.to_thread(self._find_in_stream, message, self._mailbox.stream.step)
        return found if found is not None and self.same_chat(found.chat, chat) else None

    def _find_in_stream(self, message: MessageId, made: int) -> Message | None:
        for step in range(made - 1, max(made - MOST_STEPS, 0) - 1, -1):
            if message in self._found:
                break
            if step not in self._looked:
                self._looked.add(step)
                for draft in self._world.step(step):
                    if draft.event in ("message", "message.from_me"):
                        self._remember(draft.payload)
        return self._found.get(message)

    def _remember(self, payload: dict[str, Any]) -> None:
        self._found[payload["waMessageId"]] = Message(Jid(payload["chatJid"]), payload["fromMe"], payload["type"])
