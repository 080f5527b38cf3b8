from typing import Literal

from typing_extensions import TypedDict

from waypost_common.documents import GroupDocument, GroupMemberDocument
from waypost_common.identifiers import numeric_id


class Group(TypedDict):
    """A group as the gateway has stored it."""

    id: int
    groupJid: str
    subject: str | None
    description: str | None
    ownerJid: str | None
    isAnnounce: bool | None
    isLocked: bool | None
    participantCount: int | None
    createdAtWa: int | None
    firstSeenAt: int
    updatedAt: int


class GroupList(TypedDict):
    data: list[Group]
    nextCursor: str


class GroupMember(TypedDict):
    id: int
    sessionId: str
    groupJid: str
    lid: str
    role: Literal["member", "admin", "superadmin"]
    tag: str | None
    firstSeenAt: int
    lastSeenAt: int


class GroupMemberList(TypedDict):
    data: list[GroupMember]
    nextCursor: str


def group_view(group: GroupDocument) -> Group:
    return {
        "id": numeric_id(group["session"], group["jid"]),
        "groupJid": group["jid"],
        "subject": group["subject"],
        "description": group["description"],
        "ownerJid": group["ownerJid"],
        "isAnnounce": group["isAnnounce"],
        "isLocked": group["isLocked"],
        "participantCount": group["participantCount"],
        "createdAtWa": group["createdAtWa"],
        "firstSeenAt": group["firstSeenAt"],
        "updatedAt": group["updatedAt"],
    }


def member_view(member: GroupMemberDocument) -> GroupMember:
    """`lid` is the address that the group told of the member: their phone JID where it told no LID."""
    return {
        "id": numeric_id(member["session"], member["groupJid"], member["member"]),
        "sessionId": member["session"],
        "groupJid": member["groupJid"],
        "lid": member["lid"] or member["member"],
        "role": member["role"],  # type: ignore[typeddict-item]  # stored as text
        "tag": member["tag"],
        "firstSeenAt": member["firstSeenAt"],
        "lastSeenAt": member["lastSeenAt"],
    }
