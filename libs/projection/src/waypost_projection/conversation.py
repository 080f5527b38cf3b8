"""All that the events of one key change, held in memory while a batch is folded."""

from dataclasses import dataclass, field

from waypost_common.documents import (
    NO_OFFSET,
    ChannelDocument,
    ChatDocument,
    GroupDocument,
    MessageDocument,
    message_document_id,
)
from waypost_common.event_payloads import ChatChange, ChatUpdatePayload
from waypost_common.events import (
    ChatEvent,
    ChatUpdateEvent,
    ContactUpdateEvent,
    GroupParticipantEvent,
    GroupUpdateEvent,
    MessageEditedEvent,
    MessageEvent,
    MessageReactionEvent,
    MessageRevokedEvent,
    MessageStatusEvent,
    NewsletterUpdateEvent,
    PollVoteEvent,
)
from waypost_common.identifiers import Jid, MessageId, Offset
from waypost_common.jids import ChatType, is_group
from waypost_common.outcomes import OutcomeStatus
from waypost_projection.fold import channel as channel_fold
from waypost_projection.fold import chat as chat_fold
from waypost_projection.fold import contact as contact_fold
from waypost_projection.fold import group as group_fold
from waypost_projection.fold import message as message_fold
from waypost_projection.fold.commands_seen import outcome_seen, remember
from waypost_projection.logged import Logged


@dataclass(slots=True)
class Conversation:
    """One key's documents. `apply` takes its events in log order; the writer then stores what is no longer as loaded."""

    chat: ChatDocument | None = None
    messages: dict[str, MessageDocument] = field(default_factory=dict)
    group: GroupDocument | None = None
    members: group_fold.Members = field(default_factory=dict)
    channel: ChannelDocument | None = None
    contact: contact_fold.ContactChange | None = None
    sightings: dict[str, contact_fold.Sighting] = field(default_factory=dict)

    @property
    def epoch(self) -> Offset:
        return NO_OFFSET if self.chat is None else self.chat["epoch"]

    def is_applied(self, logged: Logged[ChatEvent]) -> bool:
        """Whether this event comes again: all that it changes was stored before the chat's position was (rule R3)."""
        return self.chat is not None and logged.offset <= self.chat["offset"]

    def apply(self, logged: Logged[ChatEvent], unread: int | None = None) -> OutcomeStatus | None:
        """Folds one event in. Returns the status of the command whose last event this is, if it is one's.

        `unread` is the count that `fold.chat.needs_recount` asked for.
        """
        command = logged.command if logged.command is not None and logged.command.last else None
        if logged.command is not None and self.chat is not None:
            seen = outcome_seen(self.chat["commands"], logged.command.id)
            if seen is not None:
                return None if command is None else OutcomeStatus(seen)
        if self.is_applied(logged):
            return None if command is None else OutcomeStatus.SUCCEEDED
        rejected = isinstance(logged.event, ChatUpdateEvent) and chat_fold.is_rejected(self.chat, logged.event.payload)
        if not rejected:
            self._fold(logged, unread)
        if command is None:
            return None
        status = OutcomeStatus.REJECTED if rejected else OutcomeStatus.SUCCEEDED
        self._remember(logged, status)
        return status

    def _remember(self, logged: Logged[ChatEvent], status: OutcomeStatus) -> None:
        if logged.command is None or logged.subject is None:
            return
        chat = (self.chat or chat_fold.unseen(logged, logged.subject)).copy()
        chat["commands"] = remember(chat["commands"], logged.command.id, status.value)
        self.chat = chat_fold.finished(chat, logged)

    def _fold(self, logged: Logged[ChatEvent], unread: int | None) -> None:  # noqa: PLR0912  (one case per event type)
        match logged.event:
            case MessageEvent():
                self._message(logged, logged.event)
            case MessageStatusEvent(payload=status):
                for message in dict.fromkeys(status.message_ids):
                    known = self._target(logged, status.chat_jid, message)
                    self._set(known, message_fold.acknowledge(known, logged, status), logged)
            case MessageEditedEvent() | MessageRevokedEvent() | MessageReactionEvent() | PollVoteEvent():
                self._target_changed(logged, logged.event)
            case ChatUpdateEvent():
                self._chat_update(logged, logged.event.payload, unread)
            case ContactUpdateEvent():
                self._contact_update(logged, logged.event)
            case GroupUpdateEvent(payload=payload):
                if _is_new(self.group, logged):
                    self.group = group_fold.update(self.group, logged, payload)
                self.chat = group_fold.titled_chat(self.chat, logged, payload)
            case GroupParticipantEvent(payload=payload):
                if _is_new(self.group, logged):
                    self.group, self.members = group_fold.participate(self.group, self.members, logged, payload)
                self.chat = chat_fold.moved(self.chat, logged, payload.group_jid)
            case NewsletterUpdateEvent(payload=payload):
                if _is_new(self.channel, logged):
                    self.channel = channel_fold.update(self.channel, logged, payload)
                self.chat = channel_fold.titled_chat(self.chat, logged, payload)
            case _:
                pass  # presence and calls are for live consumers only

    def _message(self, logged: Logged[ChatEvent], event: MessageEvent) -> None:
        payload = event.payload
        from_me = event.event == "message.from_me" or payload.from_me
        history, effective_at = bool(payload.history), logged.effective(payload.timestamp)
        if chat_fold.is_dropped(self.chat, history=history, effective_at=effective_at):
            return
        chat = self.chat or chat_fold.unseen(logged, payload.chat_jid)
        known = self.messages.get(message_document_id(event.session, payload.chat_jid, chat["epoch"], payload.wa_message_id))
        if known is None or "offset" not in known:
            created = message_fold.create(known, logged, payload, epoch=chat["epoch"], from_me=from_me, erasures=chat["erasures"])
            self.messages[created["_id"]] = created
        elif known["offset"] != logged.offset:
            return
        after = chat_fold.with_message(
            chat,
            logged,
            from_me=from_me,
            history=history,
            effective_at=effective_at,
            push_name=payload.push_name,
        )
        self._chat_changed(logged, after, said_name=True)
        if is_group(payload.chat_jid) and not from_me:
            sighting = contact_fold.sighting(logged, payload)
            if sighting is not None:
                self.sightings[sighting.id] = contact_fold.merged(self.sightings.get(sighting.id), sighting)

    def _target(self, logged: Logged[ChatEvent], chat: Jid, message: MessageId) -> MessageDocument:
        key = message_document_id(logged.event.session, chat, self.epoch, message)
        return self.messages.get(key) or message_fold.placeholder(logged, chat, self.epoch, message)

    def _set(self, known: MessageDocument, after: MessageDocument, logged: Logged[ChatEvent]) -> None:
        if after is not known and known["appliedOffset"] <= logged.offset:
            self.messages[after["_id"]] = after

    def _target_changed(
        self,
        logged: Logged[ChatEvent],
        event: MessageEditedEvent | MessageRevokedEvent | MessageReactionEvent | PollVoteEvent,
    ) -> None:
        payload = event.payload
        known = self._target(logged, payload.chat_jid, payload.target_id)
        match event:
            case MessageEditedEvent():
                erasures = [] if self.chat is None else self.chat["erasures"]
                after = message_fold.edit(known, logged, payload, erasures)
            case MessageRevokedEvent():
                after = message_fold.revoke(known, logged)
            case MessageReactionEvent():
                after = message_fold.react(known, logged, payload)
            case PollVoteEvent():
                after = message_fold.vote(known, logged, payload)
        self._set(known, after, logged)

    def _chat_update(self, logged: Logged[ChatEvent], payload: ChatUpdatePayload, unread: int | None) -> None:
        before = self.chat
        after = chat_fold.update(before, logged, payload, unread)
        if after is None or after is before:
            return
        self._chat_changed(logged, after, said_name=False)
        if payload.change is ChatChange.ERASED and payload.jid is not None and payload.before is not None:
            for key, message in self.messages.items():
                if message["epoch"] == after["epoch"] and message["appliedOffset"] < logged.offset:
                    self.messages[key] = message_fold.erase(message, logged, {"jid": payload.jid, "before": payload.before})

    def _contact_update(self, logged: Logged[ChatEvent], event: ContactUpdateEvent) -> None:
        payload = event.payload
        fields = contact_fold.update_fields(payload)
        self.chat = contact_fold.named_chat(self.chat, logged, payload)
        if self.chat["pushName"] is not None:
            fields["pushName"] = self.chat["pushName"]["name"]
        self.contact = contact_fold.changed(self.contact, logged, payload.jid, fields)

    def _chat_changed(self, logged: Logged[ChatEvent], after: ChatDocument, *, said_name: bool) -> None:
        """Takes the chat's new state, and tells the contact of a direct chat whether there is one, and its push name."""
        before, self.chat = self.chat, after
        if after["type"] != ChatType.DM:
            return
        fields: dict[str, object] = {}
        if (before is not None and before["visible"]) != after["visible"]:
            fields["dm"] = after["visible"]
        pushed, known = after["pushName"], before["pushName"] if before is not None else None
        if said_name and pushed is not None and (known is None or known["name"] != pushed["name"]):
            fields |= {"listed": True, "pushName": pushed["name"]}
        if fields:
            self.contact = contact_fold.changed(self.contact, logged, after["jid"], fields)


def _is_new(document: GroupDocument | ChannelDocument | None, logged: Logged[ChatEvent]) -> bool:
    return document is None or document["offset"] < logged.offset
