"""Ids of documents, and the key that chats are listed by."""

from typing import Final

from waypost_common.events import chat_key
from waypost_common.identifiers import Jid, MessageId, Offset, SessionId


def message_document_id(session: SessionId, chat: Jid, epoch: Offset, message: MessageId) -> str:
    return f"{session}|{chat}|{epoch}|{message}"


def member_document_id(session: SessionId, group: Jid, member: Jid) -> str:
    return f"{session}|{group}|{member}"


def chat_document_id(session: SessionId, jid: Jid) -> str:
    """Also the id of the contact, group and channel document of that JID."""
    return chat_key(session, jid)


MAX_SORT_TIME: Final = 10**15


def sort_key(*, pinned: bool, last_message_at: int | None, jid: str) -> str:
    """Sorts ascending into the list's order; one string, so that keyset paging is one plain range."""
    newest_first = MAX_SORT_TIME if last_message_at is None else MAX_SORT_TIME - 1 - last_message_at
    return f"{0 if pinned else 1}{newest_first:016d}{jid}"
