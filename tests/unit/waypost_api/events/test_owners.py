from waypost_api.events.owners import AGAIN_S, Owners
from waypost_api.events.shown import Summary


class Documents:
    def __init__(self, **owners: str) -> None:
        self.owners = owners
        self.asked: list[list[str]] = []
        self.now = 100.0

    async def find(self, sessions: list[str]) -> dict[str, str]:
        self.asked.append(sorted(sessions))
        return {session: self.owners[session] for session in sessions if session in self.owners}

    def known(self) -> Owners:
        return Owners(self.find, monotonic=lambda: self.now)


def summary(session: str, organization: str = "org_1") -> Summary:
    return Summary(organization, session, "message", has_code=False, timestamp=0)


async def test_an_event_that_names_another_organization_than_its_session_has_is_noticed() -> None:
    owners = Documents(S1="org_1").known()
    await owners.learn([summary("S1"), None])
    assert not owners.contradict(summary("S1"))
    assert owners.contradict(summary("S1", "org_2"))


async def test_a_session_is_asked_for_once() -> None:
    documents = Documents(S1="org_1")
    owners = documents.known()
    await owners.learn([summary("S1"), summary("S1")])
    await owners.learn([summary("S1")])
    assert documents.asked == [["S1"]]


async def test_a_session_that_is_too_new_to_have_a_document_is_taken_at_its_word_and_asked_for_again_later() -> None:
    documents = Documents()
    owners = documents.known()
    await owners.learn([summary("S1")])
    assert not owners.contradict(summary("S1"))
    documents.owners["S1"] = "org_2"
    await owners.learn([summary("S1")])
    assert not owners.contradict(summary("S1"))
    documents.now += AGAIN_S
    await owners.learn([summary("S1")])
    assert owners.contradict(summary("S1"))
    assert documents.asked == [["S1"], ["S1"]]
