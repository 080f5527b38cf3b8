"""JIDs: what is one, what it says of a chat, and what is dropped from it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost_common.identifiers import Jid
from waypost_common.jids import (
    CHAT_TYPE_OF_DOMAIN,
    STATUS_BROADCAST,
    ChatType,
    InvalidJidError,
    chat_type,
    domain,
    is_group,
    is_lid,
    is_newsletter,
    is_person,
    is_phone_jid,
    parse_jid,
    user_part,
)

USERS = st.from_regex(r"[A-Za-z0-9._+-]{1,90}", fullmatch=True)
DOMAINS = st.sampled_from(sorted(CHAT_TYPE_OF_DOMAIN))


@given(user=USERS, domain_name=DOMAINS, device=st.none() | st.integers(0, 99_999))
def test_a_device_part_is_dropped_and_nothing_else(user: str, domain_name: str, device: int | None) -> None:
    text = f"{user}@{domain_name}" if device is None else f"{user}:{device}@{domain_name}"
    assert parse_jid(text) == f"{user}@{domain_name}"


@given(user=USERS, domain_name=DOMAINS)
def test_a_jid_consists_of_its_user_part_and_its_domain(user: str, domain_name: str) -> None:
    jid = parse_jid(f"{user}@{domain_name}")
    assert f"{user_part(jid)}@{domain(jid)}" == jid


@given(text=st.text(max_size=200))
def test_any_text_is_a_jid_that_stays_as_it_is_or_is_refused(text: str) -> None:
    try:
        jid = parse_jid(text)
    except InvalidJidError:
        return
    assert parse_jid(jid) == jid


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "6281@",
        "@s.whatsapp.net",
        "6281",
        "6281@example.com",
        "6281@S.WHATSAPP.NET",
        "6281@s.whatsapp.net ",
        "6281@s.whatsapp.net\n",
        " 6281@s.whatsapp.net",
        "6281@@s.whatsapp.net",
        "6281:@s.whatsapp.net",
        "6281:123456@s.whatsapp.net",
        "6281:1:2@s.whatsapp.net",
        "62|81@s.whatsapp.net",
        "62/81@s.whatsapp.net",
        "62$81@s.whatsapp.net",
        "62\x0081@s.whatsapp.net",
        "٦٢٨١@s.whatsapp.net",
        "6281:\u0661@s.whatsapp.net",
        "x" * 91 + "@s.whatsapp.net",
        "6281@c.us",
    ],
)
def test_what_is_not_a_jid_of_a_known_kind_is_refused(text: str) -> None:
    with pytest.raises(InvalidJidError):
        parse_jid(text)


def test_a_refusal_does_not_repeat_the_text() -> None:
    with pytest.raises(InvalidJidError) as refusal:
        parse_jid("secret@example.com")
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("jid", "expected"),
    [
        ("6281@s.whatsapp.net", ChatType.DM),
        ("6281@lid", ChatType.DM),
        ("1203@g.us", ChatType.GROUP),
        ("1203@newsletter", ChatType.NEWSLETTER),
        ("1203@broadcast", ChatType.BROADCAST),
        (STATUS_BROADCAST, ChatType.STATUS),
    ],
)
def test_the_domain_tells_the_type_of_a_chat(jid: str, expected: ChatType) -> None:
    assert chat_type(Jid(jid)) is expected


@given(user=USERS, domain_name=DOMAINS)
def test_a_jid_is_of_at_most_one_kind(user: str, domain_name: str) -> None:
    jid = Jid(f"{user}@{domain_name}")
    kinds = [is_lid(jid), is_phone_jid(jid), is_group(jid), is_newsletter(jid)]
    assert sum(kinds) == (domain_name != "broadcast")
    assert is_person(jid) == (kinds[0] or kinds[1])
