"""Small pools of values: the fewer there are, the oftener two events of a history meet."""

from hypothesis import strategies as st

from .records import DAY, Json
from .writing import ulid

SESSIONS = (ulid(1), ulid(2))

PEOPLE = (
    ("6281234567890@s.whatsapp.net", "205227043110953@lid"),
    ("5511987654321@s.whatsapp.net", "117440512000001@lid"),
    ("919876543210@s.whatsapp.net", "998877665544332@lid"),
)
JIDS = tuple(jid for person in PEOPLE for jid in person)

PHONE_CHAT = PEOPLE[0][0]
LID_CHAT = PEOPLE[1][1]
GROUP = "120363021234567890@g.us"
OTHER_GROUP = "120363029876543210@g.us"
NEWSLETTER = "120363012345678901@newsletter"
CHATS = (PHONE_CHAT, LID_CHAT, GROUP, NEWSLETTER, "status@broadcast", "1719662400@broadcast")

MESSAGE_IDS = tuple(f"3EB0C431C26A1916E07{letter}" for letter in "ABCDEFGH")
OTHER_IDS = ("3EB0EEEEEEEEEEEEEE01", "3EB0EEEEEEEEEEEEEE02")

START = 1_719_662_400_000
YEAR = 365 * DAY
SEEN_AT = (START, START + 500, START + 1000, START + 1000, START + 2000, START + 3000)
# A day ahead exactly still counts as said; a millisecond more counts only when it was seen that much later.
SAID_AT = (START, START + 1000, START + 1000, START + 2000, START + 3000, START + DAY, START + DAY + 1, START + YEAR)
LIMITS = (START - 1, START, START + 1000, START + 1001, START + 2000, START + 3000, START + DAY)
MUTES = (None, START, START + 1000, 253_402_300_799_000)

TEXTS = (
    "Hello there!",
    "",
    "👩‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "e\u0301 is not é",
    "مرحبا \u200f(ok)\u200e",
    "नमस्ते दुनिया",
    "line\nbreak\u2028and\ttab",
    "\ufeff\U0001d518nicode\U0010ffff",
    "$set.{a.b} 'quotes\" \\",
)
NAMES = ("Alice", "Zoë", "木村", "alice", "👻", "e\u0301")

texts = st.one_of(
    st.sampled_from(TEXTS),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
)
names = st.sampled_from(NAMES)
limits = st.sampled_from(LIMITS)
jids = st.sampled_from(JIDS)
message_ids = st.sampled_from(MESSAGE_IDS[:3] + MESSAGE_IDS)
targets = st.sampled_from(MESSAGE_IDS[:1] * 2 + MESSAGE_IDS[:3])

CONTENTS: tuple[Json, ...] = (
    {"type": "text", "hasMedia": False, "media": None},
    {"type": "text", "hasMedia": False, "media": None, "mentions": [PEOPLE[1][1], PEOPLE[2][1]]},
    {"type": "text", "hasMedia": False, "media": None, "quotedMessageId": MESSAGE_IDS[0]},
    {"type": "image", "hasMedia": True, "media": {"mimetype": "image/jpeg", "size": 52_113, "filename": "é 1.jpg"}},
    {"type": "image", "hasMedia": True, "media": None},
    {
        "type": "poll",
        "hasMedia": False,
        "media": None,
        "poll": {"name": "Lunch?", "options": ["Soup", "Salad 🥗"], "selectableCount": 1},
    },
    {
        "type": "poll",
        "hasMedia": False,
        "media": None,
        "poll": {"name": "When?", "options": ["1", "2", "3"], "selectableCount": 3},
    },
    {
        "type": "location",
        "hasMedia": False,
        "media": None,
        "location": {"latitude": -6.2, "longitude": 106.8, "name": "Monas", "address": "Jakarta"},
    },
    {
        "type": "contact",
        "hasMedia": False,
        "media": None,
        "contact": {"displayName": "Bob", "vcard": "BEGIN:VCARD\nEND:VCARD"},
    },
)

POLLS = tuple(content for content in CONTENTS if "poll" in content)

SENDERS: tuple[Json, ...] = (
    *({"senderJid": phone, "senderLid": lid} for phone, lid in PEOPLE[:2]),
    *({"senderJid": phone} for phone, _ in PEOPLE[:1] + PEOPLE),
    *({"senderLid": lid} for _, lid in PEOPLE[:2]),
    {"senderJid": PEOPLE[1][1], "senderLid": PEOPLE[1][1]},
    # One number seen under another LID: the greatest wins, whatever the order.
    *[{"senderJid": PEOPLE[0][0], "senderLid": PEOPLE[2][1]}] * 2,
    {},
)

# All but the last are one contact's.
FEW_SENDERS = (SENDERS[0], SENDERS[2], SENDERS[-2], SENDERS[1])

# The first two are one sender: the phone form names them where it is known.
REACTORS: tuple[Json, ...] = (
    {"senderJid": PEOPLE[0][0], "senderLid": PEOPLE[0][1]},
    {"senderJid": PEOPLE[0][0]},
    {"senderLid": PEOPLE[1][1]},
    {},
)
