from typing import Any

import pytest
from tests.integration.api.documents import chat_document

from waypost_api.views.chats import chat_view
from waypost_common.identifiers import FOREVER, EpochMs, numeric_id

NOW = EpochMs(1_000)


def view(**fields: Any) -> Any:
    document: Any = chat_document("6281@s.whatsapp.net", **fields)
    return chat_view(document, now=NOW)


@pytest.mark.parametrize("muted_until", [0, 999, 1_000])
def test_a_muted_chat_whose_time_has_passed_reads_as_not_muted(muted_until: int) -> None:
    assert view(mutedUntil=muted_until)["mutedUntil"] is None


@pytest.mark.parametrize("muted_until", [1_001, FOREVER])
def test_a_muted_chat_tells_until_when(muted_until: int) -> None:
    assert view(mutedUntil=muted_until)["mutedUntil"] == muted_until


def test_optional_fields_are_null_rather_than_absent() -> None:
    assert {name for name, value in view().items() if value is None} == {"name", "mutedUntil", "lastMessageAt"}


def test_the_number_of_a_chat_comes_from_its_session_and_jid() -> None:
    assert view()["id"] == numeric_id("mine", "6281@s.whatsapp.net") <= 2**53 - 1
