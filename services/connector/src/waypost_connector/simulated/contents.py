"""What a simulated message holds: text, media, places, cards, polls, in sizes as people send them."""

from hashlib import sha256
from random import Random
from typing import Any, Final

from waypost_connector.simulated.cast import Person
from waypost_connector.simulated.phrases import EMOJI, FILES, PLACES, POLLS, Language

KINDS: Final = ("text", "image", "video", "audio", "document", "sticker", "location", "contact", "poll")
WEIGHTS: Final = (64, 12, 4, 6, 3, 5, 2, 1, 3)
MEDIA: Final = {
    "image": ("image/jpeg", 40_000, 900_000),
    "video": ("video/mp4", 600_000, 60_000_000),
    "audio": ("audio/ogg; codecs=opus", 4_000, 400_000),
    "document": ("application/pdf", 20_000, 12_000_000),
    "sticker": ("image/webp", 8_000, 120_000),
}


def text(random: Random, language: Language) -> str:
    """Mostly one short sentence; now and then several, an emoji alone, or a page that somebody pasted."""
    shape = random.random()
    if shape < 0.05:
        return random.choice(EMOJI) * random.randint(1, 4)
    if shape < 0.055:
        return "\n".join(random.choice(language.phrases) for _ in range(random.randint(30, 150)))
    sentences = [random.choice(language.phrases) for _ in range(1 if shape < 0.75 else random.randint(2, 4))]
    if shape > 0.8:
        sentences.append(random.choice(EMOJI))
    return " ".join(sentences)


def content(random: Random, language: Language, person: Person, kinds: tuple[str, ...] = KINDS) -> dict[str, Any]:
    """The fields of a message payload that say what it is. `person` is whom a contact card shows."""
    kind = random.choices(kinds, WEIGHTS[: len(kinds)])[0]
    fields: dict[str, Any] = {"type": kind, "hasMedia": kind in MEDIA}
    match kind:
        case "text":
            fields["body"] = text(random, language)
        case "image" | "video" | "audio" | "document" | "sticker":
            mimetype, smallest, largest = MEDIA[kind]
            fields["media"] = {"mimetype": mimetype, "size": int(smallest * (largest / smallest) ** random.random())}
            if kind == "document":
                fields["media"]["filename"] = random.choice(FILES)
            if kind in ("image", "video") and random.random() < 0.4:
                fields["body"] = text(random, language)
        case "location":
            latitude, longitude, name, address = random.choice(PLACES)
            fields["location"] = {"latitude": latitude, "longitude": longitude, "name": name, "address": address}
        case "contact":
            card = f"BEGIN:VCARD\nVERSION:3.0\nFN:{person.name}\nTEL:+{person.jid.partition('@')[0]}\nEND:VCARD"
            fields["contact"] = {"displayName": person.name, "vcard": card}
        case _:
            name, options = random.choice(POLLS)
            count = random.choice((0, 1))
            fields["poll"] = {"name": name, "options": list(options), "selectableCount": count}
            fields["body"] = name
    return fields


def option_hash(option: str) -> str:
    """WhatsApp names the options that a vote selects by the SHA-256 of their text."""
    return sha256(option.encode()).hexdigest()
