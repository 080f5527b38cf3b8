import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost_api.second_dialect.durations import ACCEPTED, parse_duration
from waypost_api.second_dialect.errors import RequestRefusedError
from waypost_common.identifiers import FOREVER, EpochMs

NOW = EpochMs(1_719_662_400_000)


@pytest.mark.parametrize(
    ("texts", "seconds", "message"),
    [
        (("8h", "8 hours"), 28_800, "Chat muted for 8 hours"),
        (("1w", "7d", "1 week"), 604_800, "Chat muted for 1 week"),
        (("always", "forever", "permanent", ""), 0, "Chat muted permanently"),
    ],
)
def test_the_documented_durations_are_taken(texts: tuple[str, ...], seconds: int, message: str) -> None:
    for text in texts:
        duration = parse_duration(text)
        assert (duration.seconds, duration.message) == (seconds, message)
        assert duration.until(NOW) == (NOW + seconds * 1_000 if seconds else FOREVER)


@given(text=st.sampled_from(sorted(ACCEPTED)), upper=st.booleans(), blanks=st.text(" \t", max_size=3))
def test_case_and_blanks_around_do_not_matter(text: str, upper: bool, blanks: str) -> None:
    assert parse_duration(blanks + (text.upper() if upper else text) + blanks) == ACCEPTED[text]


@pytest.mark.parametrize("text", ["2h", "8", "8 h", "1 day", "-8h", "0", "never", "8h8h", "8  hours", "x" * 100])
def test_any_other_duration_is_refused_and_told_up_to_64_characters(text: str) -> None:
    with pytest.raises(RequestRefusedError) as refused:
        parse_duration(text)
    assert (refused.value.status, refused.value.message) == (400, f"Invalid duration: {text[:64]}")


@given(text=st.text(max_size=100))
def test_every_text_is_a_duration_or_refused(text: str) -> None:
    if text.strip().lower() in ACCEPTED:
        assert parse_duration(text) in ACCEPTED.values()
    else:
        with pytest.raises(RequestRefusedError, match=r"^Invalid duration: "):
            parse_duration(text)
