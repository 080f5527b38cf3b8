"""How a contact's document is written: it is fed by the person's own partition and by those of the groups they write in.

A document of another organization is never touched: the upsert then fails with "already there", which is dropped (rule R8).
"""

from pymongo import UpdateOne

from waypost_common.mongo import Document
from waypost_projection.fold.contact import ContactChange, Sighting


def contact_update(change: ContactChange) -> UpdateOne:
    """Sets plain fields, unless an event as new or newer has set them."""
    return UpdateOne(
        {"_id": change.id, "organization": change.organization, "offset": {"$not": {"$gte": change.offset}}},
        {
            "$set": {
                **change.fields,
                "session": change.session,
                "jid": change.jid,
                "partition": change.partition,
                "offset": change.offset,
            },
            "$min": {"firstSeenAt": change.seen_from},
            "$max": {"updatedAt": change.seen_to},
        },
        upsert=True,
    )


def sighting_update(sighting: Sighting) -> UpdateOne:
    """Only operators that commute and may be repeated: several partitions feed this document (rule R2)."""
    newest: Document = {"updatedAt": sighting.seen_to}
    if sighting.name is not None:
        newest["groupPushName"] = sighting.name
    if sighting.lid is not None:
        newest["groupLid"] = sighting.lid
    if sighting.phone_jid is not None:
        newest["groupPhoneJid"] = sighting.phone_jid
    return UpdateOne(
        {"_id": sighting.id, "organization": sighting.organization},
        {
            "$set": {"session": sighting.session, "jid": sighting.jid, "listed": True, "inGroup": True},
            "$min": {"firstSeenAt": sighting.seen_from},
            "$max": newest,
        },
        upsert=True,
    )
