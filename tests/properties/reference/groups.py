"""One group and its members, read from all group events of its key.

Decisions where the catalogue is silent:
- A snapshot entry replaces what was known of that member (an absent tag or phone form is then unknown); a later join,
  leave, promote or demote of the same member keeps tag and forms, also across an absence.
- Somebody who left and joins again is a plain member.
- A member known by JID only has that JID as its lid or phone form, by its domain.
- "Last" is the last in the log, whatever the envelope times say.
"""

from .records import Json, Record, is_lid, is_phone, jid_of

FIELDS = ("subject", "description", "isAnnounce", "isLocked", "ownerJid", "createdAtWa")


class Group:
    def __init__(self, key: str) -> None:
        self.key = key
        self.events: list[Record] = []

    def subject(self) -> str | None:
        return self._told("subject")

    def view(self) -> Json:
        members = self._members()
        counted = any(record.event == "group.participant" for record in self.events)
        return {
            "jid": jid_of(self.key),
            **{field: self._told(field) for field in FIELDS},
            "inviteLink": self._told("newInviteLink"),
            "participantCount": len(members) if counted else None,
            "firstSeenAt": self.events[0].seen_at,
            "updatedAt": self.events[-1].seen_at,
            "members": members,
        }

    def _told(self, field: str) -> str | None:
        updates = [record.payload for record in self.events if record.event == "group.update"]
        values = [payload[field] for payload in updates if field in payload]
        return values[-1] if values else None

    def _members(self) -> dict[str, Json]:
        known: dict[str, Json] = {}
        present: set[str] = set()
        for record in self.events:
            if record.event == "group.participant":
                self._follow(record, known, present)
        return {member: known[member] for member in sorted(present)}

    def _follow(self, record: Record, known: dict[str, Json], present: set[str]) -> None:
        payload = record.payload

        def name(member: str) -> Json:
            entry = known.setdefault(member, _unknown_member(member, record.seen_at))
            entry["lastSeenAt"] = record.seen_at
            return entry

        if "snapshot" in payload:
            present.clear()
            for given in payload["snapshot"]:
                member = given.get("lid") or given["phoneJid"]
                name(member).update(_forms(member, given), role=given.get("role") or "member", tag=given.get("tag"))
                present.add(member)
        for member in payload.get("join", []):
            entry = name(member)
            if member not in present:
                entry["role"] = "member"
            present.add(member)
        for member in payload.get("leave", []):
            if member in known:
                name(member)
            present.discard(member)
        for member in payload.get("promote", []):
            name(member)["role"] = "admin"
            present.add(member)
        for member in payload.get("demote", []):
            name(member)["role"] = "member"
            present.add(member)


def _unknown_member(member: str, seen_at: int) -> Json:
    forms = _forms(member, {})
    return {"member": member, **forms, "role": "member", "tag": None, "firstSeenAt": seen_at, "lastSeenAt": seen_at}


def _forms(member: str, given: Json) -> Json:
    return {
        "lid": given.get("lid") or (member if is_lid(member) else None),
        "phoneJid": given.get("phoneJid") or (member if is_phone(member) else None),
    }
