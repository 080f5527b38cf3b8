"""A burst of messages in one chat, and what follows them: receipts, reactions, edits, revocations, votes."""

from collections.abc import Iterator
from random import Random
from typing import Any, Final

from waypost_common.identifiers import MessageId
from waypost_common.jids import ChatType
from waypost_connector.simulated.cast import Cast, Chat, Person
from waypost_connector.simulated.contents import KINDS, content, option_hash, text
from waypost_connector.simulated.drafts import Burst, Draft
from waypost_connector.simulated.phrases import REACTIONS

LONGEST_BURST: Final = 40
MOST_STEPS_LATER: Final = 6
FROM_ME: Final = {ChatType.DM: 0.4, ChatType.GROUP: 0.2, ChatType.STATUS: 0.3, ChatType.NEWSLETTER: 0.0}
MONTHS_MS: Final = 90 * 86_400_000
REACTION_AFTER_MS: Final = 2_000
MOST_READ_AT_ONCE: Final = 1_000


def message_id(cast: Cast, *parts: object) -> MessageId:
    """In the form that WhatsApp's own clients use."""
    return MessageId(f"3EB0{cast.draw('message', *parts).hex()[:18].upper()}")


class Conversation:
    """Writes one burst. Everything in it depends on the cast and the step alone."""

    def __init__(self, cast: Cast, chat: Chat, step: int) -> None:
        self.cast = cast
        self.chat = chat
        self.step = step
        self.random: Random = cast.random("step", step)
        self.burst = Burst()
        self.written = 0
        self.address, self.alternative = chat.jid, None
        lid, phone = (chat.people[0].lid, chat.people[0].phone) if chat.type is ChatType.DM else (None, None)
        if lid and phone and (chat.jid == lid or self.random.random() < 0.15):
            self.address, self.alternative = lid, phone

    def live(self) -> Burst:
        """A burst of now: a few messages mostly, many rarely."""
        length = min(int(self.random.paretovariate(1.2)), LONGEST_BURST)
        mine: list[MessageId] = []
        for _ in range(length):
            payload = self._message()
            if self.chat.type is ChatType.DM and self.random.random() < 0.05:
                presence = {"from": self.address, "chatJid": self.address, "state": "composing", "media": "text"}
                self._add("presence.update", presence)
            self._say(payload)
            if payload["fromMe"]:
                mine.append(payload["waMessageId"])
                self._receipts(payload)
            for draft, least in self._reactions_to(payload):
                if draft.event == "message.edited" and self.random.random() < 0.15:
                    self._add_before_message(draft, payload["waMessageId"])
                else:
                    self.burst.add(draft, self._delay(least))
        if mine and self.chat.people:
            reader = self.random.choice(self.chat.people)
            self._receipt(mine, "read", reader, self._delay())
        return self.burst

    def history(self, count: int) -> Burst:
        """What WhatsApp hands over about the time before the session was paired, oldest first, with what came of it since."""
        apart, mine = MONTHS_MS // count, list[MessageId]()
        for number in range(count):
            sent = {"history": True, "timestamp": -(count - number) * apart}
            payload = self._message() | sent
            self._say(payload)
            if payload["fromMe"]:
                mine.append(payload["waMessageId"])
            for draft, least in self._reactions_to(payload):
                seen = {"history": True, "timestamp": sent["timestamp"] + (least + 1) * REACTION_AFTER_MS}
                self._add(draft.event, draft.payload | seen)
        for person in self.chat.people[:1]:
            for first in range(0, len(mine), MOST_READ_AT_ONCE):
                self._receipt(mine[first : first + MOST_READ_AT_ONCE], "read", person, 0)
        return self.burst

    def _message(self) -> dict[str, Any]:
        random, chat = self.random, self.chat
        from_me = not chat.people or random.random() < FROM_ME[chat.type]
        channel = chat.type is ChatType.NEWSLETTER
        sender = self.cast.me if from_me else random.choice(chat.people)
        number, self.written = self.written, self.written + 1
        payload = {
            "waMessageId": message_id(self.cast, self.step, number),
            "chatJid": self.address,
            "fromMe": from_me and not channel,
            "timestamp": 0,
            **content(random, sender.language if not channel else chat.language, self.cast.me, KINDS[:6] if channel else KINDS),
        }
        if channel:
            return payload | {"views": int(random.paretovariate(0.7)) * 3}
        payload |= {**sender.as_sender, "pushName": sender.name}
        if number and random.random() < 0.15:
            payload["quotedMessageId"] = message_id(self.cast, self.step, random.randrange(number))
        if chat.type is ChatType.GROUP and payload["type"] == "text" and random.random() < 0.12:
            mentioned = random.sample(chat.people, random.randint(1, min(3, len(chat.people))))
            payload["mentions"] = [person.mention for person in mentioned]
            payload["body"] += "".join(f" @{jid.partition('@')[0]}" for jid in payload["mentions"])
        return payload

    def _say(self, payload: dict[str, Any]) -> None:
        self._add("message.from_me" if payload["fromMe"] else "message", payload)
        if self.random.random() < 0.005:
            self._add("message.from_me" if payload["fromMe"] else "message", payload, self._delay())

    def _receipts(self, message: dict[str, Any]) -> None:
        """Sent, delivered, read: late, twice, in the wrong order, or before the message itself."""
        random, ids = self.random, [message["waMessageId"]]
        if random.random() < 0.02:
            self._receipt(ids, "failed", None, 0, error="recipient unavailable")
        self._receipt(ids, "sent", None, 0 if random.random() < 0.9 else self._delay())
        for person in self.chat.people[:2]:
            if random.random() < 0.85:
                self._receipt(ids, "delivered", person, 0 if random.random() < 0.7 else self._delay())
            if random.random() < 0.4:
                status = "played" if message["type"] == "audio" else "read"
                self._receipt(ids, status, person, 0 if random.random() < 0.3 else self._delay())

    def _receipt(self, ids: list[MessageId], status: str, person: Person | None, delay: int, error: str | None = None) -> None:
        payload: dict[str, Any] = {"chatJid": self.address, "messageIds": list(ids), "status": status, "timestamp": 0}
        if person:
            payload["senderJid"] = person.jid
        if error:
            payload["error"] = error
        if not delay and self.random.random() < 0.1:
            self._add_before_message(Draft("message.status", payload, self.alternative), ids[0])
        else:
            self._add("message.status", payload, delay)
        if self.random.random() < 0.06:
            self._add("message.status", payload, self._delay())

    def _reactions_to(self, message: dict[str, Any]) -> Iterator[tuple[Draft, int]]:
        """What others and the author make of a message, each with how many steps later it comes at the earliest."""
        random = self.random
        if random.random() < 0.12:
            who = self._somebody()
            yield self._targeted(message, who, "message.reaction", "reaction", {"reaction": random.choice(REACTIONS)}), 0
            if random.random() < 0.15:
                yield self._targeted(message, who, "message.reaction", "reaction", {"reaction": ""}), 1
        author = self._author(message)
        if message["type"] == "text" and random.random() < 0.05:
            changed = {"body": text(random, self.chat.language)}
            yield self._targeted(message, author, "message.edited", "text", changed), 0
        if random.random() < 0.025:
            yield self._targeted(message, author, "message.revoked", "system", {}), 0
        if message["type"] == "poll":
            options = message["poll"]["options"]
            for _ in range(random.randint(1, 6)):
                chosen = random.sample(options, random.randint(0, len(options)))
                votes = {"selectedHashes": [option_hash(option) for option in chosen]}
                yield self._targeted(message, self._somebody(), "poll.vote", "poll", votes), 0

    def _author(self, message: dict[str, Any]) -> Person | None:
        if message["fromMe"]:
            return self.cast.me
        sender = {name: message[name] for name in ("senderJid", "senderLid") if name in message}
        return next((person for person in self.chat.people if person.as_sender == sender), None)

    def _somebody(self) -> Person | None:
        if self.chat.type is ChatType.NEWSLETTER:
            return None
        return self.random.choice((*self.chat.people, self.cast.me))

    def _targeted(self, message: dict[str, Any], who: Person | None, event: str, kind: str, fields: dict[str, Any]) -> Draft:
        number, self.written = self.written, self.written + 1
        payload = {
            "waMessageId": message_id(self.cast, self.step, number),
            "chatJid": self.address,
            "fromMe": who is self.cast.me,
            "type": kind,
            "hasMedia": False,
            "timestamp": 0,
            "targetId": message["waMessageId"],
            **fields,
        }
        if who:
            payload |= {**who.as_sender, "pushName": who.name}
        return Draft(event, payload, self.alternative)

    def _delay(self, least: int = 1) -> int:
        return min(least + int(self.random.expovariate(0.7)), MOST_STEPS_LATER)

    def _add(self, event: str, payload: dict[str, Any], steps_later: int = 0) -> None:
        self.burst.add(Draft(event, payload, self.alternative), steps_later)

    def _add_before_message(self, draft: Draft, message: MessageId) -> None:
        place = next(i for i, other in enumerate(self.burst.now) if other.payload.get("waMessageId") == message)
        self.burst.now.insert(place, draft)
