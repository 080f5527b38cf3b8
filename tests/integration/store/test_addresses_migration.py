"""What was chosen for people's chats before choices were kept holds after the migration."""

from waypost_common.documents import Collection
from waypost_common.mongo import MongoDatabase
from waypost_store.migrations import MIGRATIONS, m0005_addresses

PHONE, LID, OTHER = "9991@s.whatsapp.net", "1@lid", "2@lid"


def owned(jid: str, **fields: str | None) -> dict[str, str | None]:
    return {"_id": f"S1|{jid}", "session": "S1", "organization": "org_a", "jid": jid, **fields}


async def test_chats_that_there_are_keep_their_addresses(database: MongoDatabase) -> None:
    for migration in MIGRATIONS[:4]:
        await migration.apply(database)
    contacts = [owned(PHONE, lid=LID), owned("9992@s.whatsapp.net", lid=None), owned(OTHER, phoneJid="9993@s.whatsapp.net")]
    await database[Collection.CONTACTS].insert_many(contacts, bypass_document_validation=True)
    chats = [owned(PHONE, type="dm"), owned(LID, type="dm"), owned(OTHER, type="dm"), owned("3@g.us", type="group")]
    await database[Collection.CHATS].insert_many(chats, bypass_document_validation=True)
    for _ in range(2):
        await m0005_addresses.apply(database)
    found = await database[Collection.ADDRESSES].find().sort("_id", 1).to_list(10)
    assert found == [owned(LID, chosen=PHONE), owned(OTHER, chosen=OTHER)]
