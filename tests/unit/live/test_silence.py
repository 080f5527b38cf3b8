"""The look through what the services tell finds what is there: else that it found nothing would mean nothing."""

import json

import pytest
from tests.end_to_end.live.silence import found, texts_of

from waypost_common.api_keys import new_api_key

TEXT = 'Grüße an "alle"\nbis morgen 🎈'
SILENT = {"log of 0 waypost-api": "", "metrics of 7 waypost-api": "waypost_api_waiters 0.0", "traces": "updateChat"}


@pytest.mark.parametrize("place", SILENT)
@pytest.mark.parametrize(
    "told",
    [
        TEXT,
        json.dumps({"event": "taken", "body": TEXT}),
        json.dumps({"event": "taken", "body": TEXT}, ensure_ascii=False),
        f"refused {TEXT!r}",
        f"\ufffd\x12\x1f{TEXT}\x1a",
    ],
    ids=["as it is", "in JSON of ASCII", "in JSON", "as Python says it", "in a span"],
)
def test_a_text_is_found_wherever_and_however_it_was_told(place: str, told: str) -> None:
    assert found({**SILENT, place: told}, [TEXT, "another message"]) == [f"{place}: Grüße an…"]


@pytest.mark.parametrize(
    ("told", "what"),
    [
        (f"refused {new_api_key()}", "an API key"),
        ("Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln", "a login token"),
        ("cannot reach mongodb://waypost:hunter2@mongo:27017", "a password in a URL"),
    ],
    ids=["key", "token", "password"],
)
def test_keys_tokens_and_passwords_are_found_by_their_shape(told: str, what: str) -> None:
    assert found({**SILENT, "log of 0 waypost-api": told}, [TEXT]) == [f"log of 0 waypost-api: {what}"]


def test_nothing_is_found_where_nothing_was_told() -> None:
    silent = {**SILENT, "log of 0 waypost-api": "mongodb://mongo:27017 eyJ wa_short Grüße"}
    assert found(silent, [TEXT, "Grüße"]) == []


@pytest.mark.parametrize("outputs", [{}, {**SILENT, "traces": ""}, {**SILENT, "metrics of 7 waypost-api": ""}])
def test_a_run_that_told_nothing_at_all_was_not_looked_at(outputs: dict[str, str]) -> None:
    with pytest.raises(AssertionError):
        found(outputs, [TEXT])


def test_a_look_for_nothing_is_none() -> None:
    with pytest.raises(AssertionError):
        found(SILENT, ["Hello"])


@pytest.mark.parametrize(
    ("payload", "texts"),
    [({"body": TEXT, "type": "text"}, [TEXT]), ({"code": "2@abc"}, ["2@abc"]), ({"code": None}, []), ({"status": "working"}, [])],
)
def test_what_was_written_is_taken_from_the_log(payload: dict[str, str], texts: list[str]) -> None:
    assert list(texts_of({"event": "message", "payload": payload})) == texts
