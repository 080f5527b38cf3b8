"""Applies a batch of events to the documents: loads what the folds need, folds in log order, stores what changed."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final, TypeGuard, cast

from waypost_common.crash_points import NO_CRASH, CrashPoint, CrashPoints
from waypost_common.dead_letters import DeadLetterReason
from waypost_common.documents import (
    NO_OFFSET,
    ChannelDocument,
    ChatDocument,
    GroupDocument,
    GroupMemberDocument,
    MessageDocument,
    SessionDocument,
    message_document_id,
)
from waypost_common.event_payloads import (
    ChatChange,
    ChatUpdatePayload,
    MessagePayload,
    MessageStatusPayload,
    TargetedMessagePayload,
)
from waypost_common.events import (
    AuthCodeEvent,
    AuthQrEvent,
    ChatEvent,
    ChatUpdateEvent,
    GroupParticipantEvent,
    GroupUpdateEvent,
    NewsletterUpdateEvent,
    SessionEvent,
    SessionStatusEvent,
)
from waypost_common.identifiers import Jid, MessageId, Offset, OrganizationId, SessionId
from waypost_projection.applied import Applied, CommandOutcome
from waypost_projection.conversation import Conversation
from waypost_projection.fold import chat as chat_fold
from waypost_projection.fold import session as session_fold
from waypost_projection.fold.contact import Sighting
from waypost_projection.logged import AnyLogged, Logged
from waypost_projection.storage import ProjectionStorage

GIVE_WAY_EVERY: Final = 100
"""So many events, a millisecond's or two, are decoded or folded in a row: another generation's writer may share the process."""
_SESSION_EVENTS: Final = frozenset({SessionStatusEvent, AuthQrEvent, AuthCodeEvent})


@dataclass(slots=True)
class _Work:
    """One key's conversation in a batch, with what it looked like when loaded."""

    conversation: Conversation
    chat: ChatDocument | None
    group: GroupDocument | None
    channel: ChannelDocument | None
    messages: Mapping[str, MessageDocument]
    members: Mapping[Jid, GroupMemberDocument]

    @property
    def complete_up_to(self) -> Offset:
        """Up to here the stored messages are exactly those that the chat has counted."""
        return NO_OFFSET if self.chat is None else self.chat["offset"]


class ProjectionWriter:
    """The one writer of a generation's documents in this process. Not to be called concurrently with itself."""

    def __init__(
        self, storage: ProjectionStorage, *, owners: ProjectionStorage | None = None, crash: CrashPoints = NO_CRASH
    ) -> None:
        """`owners`: the generation that tells whose each session is: the live one, where another is being made."""
        self._storage = storage
        self.owners = owners or storage
        self._crash = crash
        self._organizations: dict[SessionId, OrganizationId] = {}

    async def apply(self, events: Sequence[AnyLogged]) -> Applied:
        """Stores the effect of events, given in log order per partition. Idempotent.

        Raises RetryLaterError when MongoDB is away: then some of it may be stored, and the same events must come again.
        """
        applied, begun = Applied(), perf_counter()
        by_key: dict[str, list[Logged[ChatEvent]]] = {}
        of_sessions: dict[str, list[Logged[SessionEvent]]] = {}
        for logged in await self._of_known_organizations(events, applied):
            if _is_session_event(logged):
                of_sessions.setdefault(logged.event.session, []).append(logged)
            else:
                chat_event = cast("Logged[ChatEvent]", logged)
                by_key.setdefault(logged.key, []).append(chat_event)
        work, sessions = await asyncio.gather(self._load(by_key), self._storage.load_sessions(of_sessions))
        loaded = perf_counter()
        folded_in_a_row = 0
        for key, logged_events in by_key.items():
            await self._fold_chat(work[key], logged_events, applied)
            folded_in_a_row += len(logged_events)
            if folded_in_a_row >= GIVE_WAY_EVERY:
                folded_in_a_row = 0
                await asyncio.sleep(0)
        changed_sessions = self._fold_sessions(sessions, of_sessions, applied)
        folded = perf_counter()
        self._crash.passed(CrashPoint.INGEST_BEFORE_WRITE)
        await self._store(work.values(), changed_sessions)
        applied.load_s, applied.fold_s, applied.write_s = loaded - begun, folded - loaded, perf_counter() - folded
        return applied

    async def _of_known_organizations(self, events: Sequence[AnyLogged], applied: Applied) -> list[AnyLogged]:
        """Leaves out events of an organization that does not own their session (rule R8)."""
        unknown = {logged.event.session for logged in events} - self._organizations.keys()
        self._organizations |= await self.owners.load_organizations(unknown)
        kept = []
        for logged in events:
            owner = self._organizations.get(logged.event.session, logged.event.organization)
            if owner == logged.event.organization:
                kept.append(logged)
            else:
                applied.refused.append((logged, DeadLetterReason.ORGANIZATION_MISMATCH))
        return kept

    async def _load(self, by_key: Mapping[str, Sequence[Logged[ChatEvent]]]) -> dict[str, _Work]:
        # Chats first, and a group before its members: one who was taken for dead may write meanwhile, and a position that was
        # read later than what it covers would make changes count as applied that are not in it.
        with_channel = {key for key, events in by_key.items() if _any_of(events, NewsletterUpdateEvent)}
        chats = await self._storage.load_chats(by_key)
        wanted = {key: _message_ids(chats.get(key), events) for key, events in by_key.items()}
        (groups, members_of), channels, messages = await asyncio.gather(
            self._load_groups(by_key),
            self._storage.load_channels(with_channel),
            self._storage.load_messages([one for ids in wanted.values() for one in ids]),
        )
        work = {}
        for key, ids in wanted.items():
            found = {one: messages[one] for one in ids if one in messages}
            known_members = members_of.get(key, {})
            conversation = Conversation(
                chat=chats.get(key),
                messages=dict(found),
                group=groups.get(key),
                members=known_members,
                channel=channels.get(key),
            )
            work[key] = _Work(conversation, chats.get(key), groups.get(key), channels.get(key), found, known_members)
        return work

    async def _load_groups(
        self, by_key: Mapping[str, Sequence[Logged[ChatEvent]]]
    ) -> tuple[Mapping[str, GroupDocument], Mapping[str, Mapping[Jid, GroupMemberDocument]]]:
        with_group = {key for key, events in by_key.items() if _any_of(events, GroupUpdateEvent, GroupParticipantEvent)}
        with_members = [
            (key, events[0].event.session, subject)
            for key, events in by_key.items()
            if _any_of(events, GroupParticipantEvent) and (subject := events[0].subject) is not None
        ]
        groups = await self._storage.load_groups(with_group)
        members = await asyncio.gather(*(self._storage.load_members(session, group) for _, session, group in with_members))
        return groups, {key: found for (key, _, _), found in zip(with_members, members, strict=True)}

    async def _fold_chat(self, work: _Work, events: Iterable[Logged[ChatEvent]], applied: Applied) -> None:
        conversation = work.conversation
        for number, logged in enumerate(events, 1):
            if number % GIVE_WAY_EVERY == 0:
                await asyncio.sleep(0)
            known = conversation.chat
            if known is not None and known["organization"] != logged.event.organization:
                applied.refused.append((logged, DeadLetterReason.ORGANIZATION_MISMATCH))
                continue
            unread = None
            if isinstance(logged.event, ChatUpdateEvent) and not conversation.is_applied(logged):
                unread = await self._prepare_update(work, logged, logged.event)
            status = conversation.apply(logged, unread)
            if status is not None and logged.command is not None:
                applied.outcomes.append(CommandOutcome(logged, logged.command, status))

    async def _prepare_update(self, work: _Work, logged: Logged[ChatEvent], event: ChatUpdateEvent) -> int | None:
        """Loads what this chat.update needs from storage: a count, or what an erased person wrote."""
        conversation, payload = work.conversation, event.payload
        chat = conversation.chat
        if payload.change is ChatChange.ERASED and chat is not None and payload.jid is not None and payload.before is not None:
            found = await self._storage.load_messages_written_by(
                chat, {"jid": payload.jid, "before": payload.before}, below=logged.offset
            )
            unknown = {key: message for key, message in found.items() if key not in conversation.messages}
            conversation.messages |= unknown
            work.messages = {**work.messages, **unknown}
        marked = chat_fold.needs_recount(chat, payload)
        if marked is None:
            return None
        stored = await self._storage.count_unread(marked, up_to=work.complete_up_to)
        return stored + _count_in_memory(marked, conversation.messages.values(), above=work.complete_up_to, below=logged.offset)

    def _fold_sessions(
        self,
        loaded: Mapping[str, SessionDocument],
        events: Mapping[str, Sequence[Logged[SessionEvent]]],
        applied: Applied,
    ) -> list[SessionDocument]:
        changed = []
        for key, logged_events in events.items():
            session = loaded.get(key)
            for logged in logged_events:
                if session is not None and session["organization"] != logged.event.organization:
                    applied.refused.append((logged, DeadLetterReason.ORGANIZATION_MISMATCH))
                    continue
                session, status = session_fold.apply(session, logged)
                if status is not None and logged.command is not None:
                    applied.outcomes.append(CommandOutcome(logged, logged.command, status))
            if session is not None and session is not loaded.get(key):
                changed.append(session)
        return changed

    async def _store(self, work: Iterable[_Work], sessions: Sequence[SessionDocument]) -> None:
        """Chats last: a chat's position says that all else its events changed is stored."""
        created: list[MessageDocument] = []
        changed: list[MessageDocument] = []
        members: list[GroupMemberDocument] = []
        sightings: list[Sighting] = []
        chats, groups, channels, contacts = [], [], [], []
        for one in work:
            now = one.conversation
            for key, message in now.messages.items():
                before = one.messages.get(key)
                if before is None:
                    created.append(message)
                elif message is not before:
                    changed.append(message)
            if now.chat is not None and now.chat is not one.chat:
                chats.append(now.chat)
            if now.group is not None and now.group is not one.group:
                groups.append(now.group)
            members.extend(member for jid, member in now.members.items() if member is not one.members.get(jid))
            if now.channel is not None and now.channel is not one.channel:
                channels.append(now.channel)
            if now.contact is not None:
                contacts.append(now.contact)
            sightings.extend(now.sightings.values())
        done = await asyncio.gather(
            self._storage.write_messages(created, changed),
            self._storage.write_groups(groups, members),
            self._storage.write_channels(channels),
            self._storage.write_contacts(contacts, sightings),
            self._storage.write_sessions(sessions),
            return_exceptions=True,  # so that none is still under way when the same events come again
        )
        for failure in filter(None, done):
            raise failure
        self._crash.passed(CrashPoint.INGEST_BEFORE_CHATS)
        await self._storage.write_chats(chats)


def _is_session_event(logged: AnyLogged) -> TypeGuard[Logged[SessionEvent]]:
    return type(logged.event) in _SESSION_EVENTS


def _any_of(events: Iterable[Logged[ChatEvent]], *types: type) -> bool:
    # Exact types: isinstance of a pydantic model that does not match is a slow path, taken for every event.
    return any(type(logged.event) in types for logged in events)


def _message_ids(chat: ChatDocument | None, events: Sequence[Logged[ChatEvent]]) -> set[str]:
    """Ids of the messages that these events of one chat may touch, in every epoch that a deletion among them may begin."""
    epochs = [NO_OFFSET if chat is None else chat["epoch"]]
    ids: set[str] = set()
    for logged in events:
        payload = logged.event.payload
        touched = _TOUCHED.get(type(payload))
        if touched is not None and logged.subject is not None:
            session, subject = logged.event.session, logged.subject
            ids.update([message_document_id(session, subject, epoch, one) for epoch in epochs for one in touched(payload)])
        elif isinstance(payload, ChatUpdatePayload) and payload.change is ChatChange.DELETED:
            epochs.append(logged.offset)
    return ids


_TOUCHED: Final[Mapping[type, Callable[[Any], Sequence[MessageId]]]] = {
    MessagePayload: lambda payload: (payload.wa_message_id,),
    TargetedMessagePayload: lambda payload: (payload.target_id,),
    MessageStatusPayload: lambda payload: payload.message_ids,
}


def _count_in_memory(chat: ChatDocument, messages: Iterable[MessageDocument], *, above: Offset, below: Offset) -> int:
    return sum(
        chat_fold.counts_as_unread(
            chat,
            from_me=message["fromMe"],
            history=message.get("history", False),
            effective_at=message["effectiveAt"],
            offset=message["offset"],
        )
        for message in messages
        if message["epoch"] == chat["epoch"] and "offset" in message and above < message["offset"] < below
    )
