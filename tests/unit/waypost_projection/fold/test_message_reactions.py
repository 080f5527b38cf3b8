"""Reactions and votes on a message: one of each sender, the newest."""

import pytest
from tests.unit.waypost_projection.story import ALICE, ALICE_LID, BOB, GROUP, NOW, Story

from waypost_projection.fold import message as message_fold


def test_one_reaction_of_each_sender_is_kept_the_newest() -> None:
    story = Story(GROUP)
    story.message("M1")
    story.about("message.reaction", "M1", reaction="+", senderJid=BOB, timestamp=NOW + 2_000)
    story.about("message.reaction", "M1", reaction="-", senderJid=ALICE)
    story.about("message.reaction", "M1", reaction="old", senderJid=BOB, timestamp=NOW + 1_000)
    assert [(one["sender"], one["emoji"]) for one in story.stored("M1")["reactions"]] == [(ALICE, "-"), (BOB, "+")]


def test_a_removed_reaction_is_not_revived_by_an_older_one() -> None:
    story = Story(GROUP)
    story.message("M1")
    story.about("message.reaction", "M1", reaction="", senderJid=BOB, timestamp=NOW + 2_000)
    story.about("message.reaction", "M1", reaction="+", senderJid=BOB, timestamp=NOW + 1_000)
    assert [one["emoji"] for one in story.stored("M1")["reactions"]] == [""]


def test_a_reaction_of_somebody_known_only_by_lid_is_theirs() -> None:
    story = Story(GROUP)
    story.message("M1")
    story.about("message.reaction", "M1", reaction="+", senderLid=ALICE_LID)
    assert story.stored("M1")["reactions"][0]["sender"] == ALICE_LID


def test_the_newest_choice_of_each_voter_counts() -> None:
    story = Story(GROUP)
    story.message("M1", poll={"name": "n", "options": ["a", "b"]})
    story.about("poll.vote", "M1", selectedHashes=["b"], senderJid=BOB, timestamp=NOW + 2_000)
    story.about("poll.vote", "M1", selectedHashes=["a"], senderJid=BOB, timestamp=NOW + 1_000)
    story.about("poll.vote", "M1", senderJid=ALICE)
    assert [(one["voter"], one["hashes"]) for one in story.stored("M1")["votes"]] == [(ALICE, []), (BOB, ["b"])]


def test_a_full_message_takes_no_more_senders_but_the_newest_of_those_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_fold, "MOST_SENDERS", 2)
    story = Story(GROUP)
    story.message("M1", poll={"name": "n", "options": ["a", "b"]})
    for number, sender in enumerate((BOB, ALICE, ALICE_LID, BOB)):
        story.about("message.reaction", "M1", reaction=str(number), senderJid=sender, timestamp=NOW + number)
        story.about("poll.vote", "M1", selectedHashes=[str(number)], senderJid=sender, timestamp=NOW + number)
    assert [(one["sender"], one["emoji"]) for one in story.stored("M1")["reactions"]] == [(ALICE, "1"), (BOB, "3")]
    assert [(one["voter"], one["hashes"]) for one in story.stored("M1")["votes"]] == [(ALICE, ["1"]), (BOB, ["3"])]


def test_a_newer_reaction_or_vote_takes_the_place_of_the_older() -> None:
    story = Story(GROUP)
    story.message("M1", poll={"name": "n", "options": ["a", "b"]})
    for number, choice in enumerate("ab"):
        story.about("message.reaction", "M1", reaction=choice, senderJid=BOB, timestamp=NOW + number)
        story.about("poll.vote", "M1", selectedHashes=[choice], senderJid=BOB, timestamp=NOW + number)
    assert [one["emoji"] for one in story.stored("M1")["reactions"]] == ["b"]
    assert [one["hashes"] for one in story.stored("M1")["votes"]] == [["b"]]
