import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost_api.second_dialect.errors import RequestRefusedError
from waypost_api.second_dialect.numbers import forms_of, parse_number
from waypost_common.identifiers import Jid
from waypost_common.jids import parse_jid

DIGITS = st.text("0123456789", min_size=1, max_size=15)
PUNCTUATION = st.text(" +-()[]\t", max_size=3)


@pytest.mark.parametrize(
    ("text", "jid"),
    [
        ("5511999999999", "5511999999999@s.whatsapp.net"),
        ("+55 (11) 99999-9999", "5511999999999@s.whatsapp.net"),
        (" 62 812 3456 7890 ", "6281234567890@s.whatsapp.net"),
        ("6281234567890@s.whatsapp.net", "6281234567890@s.whatsapp.net"),
        (" 6281234567890@s.whatsapp.net ", "6281234567890@s.whatsapp.net"),
        ("6281234567890:12@s.whatsapp.net", "6281234567890@s.whatsapp.net"),
        ("205227043110953@lid", "205227043110953@lid"),
        ("120363021234567890@g.us", "120363021234567890@g.us"),
        ("5511999999999-1400000000@g.us", "5511999999999-1400000000@g.us"),
        ("120363012345678901@newsletter", "120363012345678901@newsletter"),
    ],
)
def test_a_number_or_a_jid_is_taken(text: str, jid: str) -> None:
    assert parse_number(text) == jid


@pytest.mark.parametrize("text", ["", " ", "+", " ( ) - ", "\t\n"])
def test_a_number_without_a_digit_is_required(text: str) -> None:
    with pytest.raises(RequestRefusedError, match=r"^Number is required$"):
        parse_number(text)


@pytest.mark.parametrize(
    "text", ["abc", "55a11", "1.5", "٣٤٥", "5511999999999@example.com", "@s.whatsapp.net", "a b@lid", "5511@", "9" * 91, "1\x002"]
)
def test_anything_else_is_invalid_and_told_up_to_64_characters(text: str) -> None:
    with pytest.raises(RequestRefusedError) as refused:
        parse_number(text)
    assert (refused.value.status, refused.value.message) == (400, f"Invalid number: {text[:64]}")


@given(text=st.text(max_size=200))
def test_every_text_is_a_jid_or_refused(text: str) -> None:
    jid = jid_or_refusal(text)
    if isinstance(jid, RequestRefusedError):
        assert re.match(r"Number is required$|Invalid number: ", jid.message)
    else:
        assert parse_jid(jid) == jid


def jid_or_refusal(text: str) -> Jid | RequestRefusedError:
    try:
        return parse_number(text)
    except RequestRefusedError as error:
        return error


@given(data=st.data(), digits=DIGITS)
def test_punctuation_changes_nothing(data: Any, digits: str) -> None:
    written = "".join(data.draw(PUNCTUATION) + digit for digit in digits) + data.draw(PUNCTUATION)
    assert parse_number(written) == parse_number(digits) == f"{digits}@s.whatsapp.net"


def test_a_brazilian_number_has_a_form_with_and_one_without_the_ninth_digit() -> None:
    long, short = Jid("5511987654321@s.whatsapp.net"), Jid("551187654321@s.whatsapp.net")
    assert forms_of(long) == (long, short)
    assert forms_of(short) == (short, long)


@pytest.mark.parametrize(
    "jid",
    [
        "6281234567890@s.whatsapp.net", "5511887654321@s.whatsapp.net", "55118765432@s.whatsapp.net",
        "55119876543210@s.whatsapp.net", "5511987654321@lid", "5511987654321@g.us",
    ],
)  # fmt: skip
def test_any_other_address_has_one_form(jid: str) -> None:
    assert forms_of(Jid(jid)) == (jid,)


@given(digits=DIGITS)
def test_the_other_form_of_the_other_form_is_the_number_itself(digits: str) -> None:
    jid = Jid(f"{digits}@s.whatsapp.net")
    *_, other = forms_of(jid)
    assert forms_of(other)[-1] == jid


@given(subscriber=st.text("0123456789", min_size=8, max_size=8), area=st.text("0123456789", min_size=2, max_size=2))
def test_every_brazilian_mobile_number_has_two_forms(subscriber: str, area: str) -> None:
    with_ninth, without = (Jid(f"55{area}{ninth}{subscriber}@s.whatsapp.net") for ninth in ("9", ""))
    assert set(forms_of(with_ninth)) == set(forms_of(without)) == {with_ninth, without}
