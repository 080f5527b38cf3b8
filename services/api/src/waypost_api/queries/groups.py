"""Groups and their members."""

from typing import Any, cast

from waypost_api.pagination import MAX_SINGLE_PAGE
from waypost_api.queries.scope import Scope
from waypost_common.documents import Collection, GroupDocument, GroupMemberDocument, chat_document_id
from waypost_common.identifiers import Jid

MAX_GROUPS_OF_A_PERSON = 1_000


async def list_groups(scope: Scope) -> list[GroupDocument]:
    cursor = scope.collection(Collection.GROUPS).find(scope.owned(scope.id_range())).sort("_id", 1)
    return cast("list[GroupDocument]", await cursor.limit(MAX_SINGLE_PAGE).to_list(MAX_SINGLE_PAGE))


async def find_group(scope: Scope, jid: Jid) -> GroupDocument | None:
    found: Any = await scope.collection(Collection.GROUPS).find_one(scope.owned({"_id": chat_document_id(scope.session, jid)}))
    return cast("GroupDocument | None", found)


async def list_members(scope: Scope, group: Jid) -> list[GroupMemberDocument]:
    """Those who are in the group now, by their JID, at most MAX_SINGLE_PAGE."""
    conditions = scope.owned({"groupJid": group, "present": True, **scope.id_range(within=f"{group}|")})
    cursor = scope.collection(Collection.GROUP_MEMBERS).find(conditions).sort("_id", 1)
    return cast("list[GroupMemberDocument]", await cursor.limit(MAX_SINGLE_PAGE).to_list(MAX_SINGLE_PAGE))


async def member_jids(scope: Scope, group: Jid) -> list[Jid]:
    """Every form of address of those who are in the group now."""
    forms: set[Jid] = set()
    for member in await list_members(scope, group):
        forms.update(jid for jid in (member["member"], member["lid"], member["phoneJid"]) if jid is not None)
    return sorted(forms)


async def list_memberships(scope: Scope, person: list[Jid]) -> list[GroupMemberDocument]:
    """The groups that somebody is in, `person` being all forms of their address."""
    conditions = scope.owned({"member": {"$in": person}, "present": True})
    cursor = scope.collection(Collection.GROUP_MEMBERS).find(conditions)
    found = await cursor.limit(MAX_GROUPS_OF_A_PERSON).to_list(MAX_GROUPS_OF_A_PERSON)
    return cast("list[GroupMemberDocument]", sorted(found, key=lambda member: member["groupJid"]))


async def subjects(scope: Scope, groups: list[Jid]) -> dict[Jid, str | None]:
    ids = [chat_document_id(scope.session, group) for group in groups]
    cursor = scope.collection(Collection.GROUPS).find(scope.owned({"_id": {"$in": ids}}), {"jid": 1, "subject": 1})
    return {group["jid"]: group["subject"] for group in await cursor.to_list(len(ids))}
