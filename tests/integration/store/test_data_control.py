"""`waypost retention` and `waypost erase` on real servers: what their events take away is gone, and nothing else."""

import json
from typing import Any

from tests.events import ALICE, event, message, now, working_session
from tests.integration.store.test_cli import Command
from tests.plugins.pipeline import Pipeline
from tests.properties.stored_view import stored_view

from waypost_common.identifiers import OrganizationId
from waypost_common.topics import EVENTS, EVENTS_DLQ, topic_name
from waypost_store.retention import Retained, retention
from waypost_store.scope import Scope

ALICE_LID = "205227043110953@lid"
BOB = "6289876543210@s.whatsapp.net"
GROUP = "120363021234567890@g.us"
DAY_MS = 86_400_000


async def bodies(pipeline: Pipeline) -> dict[str, str | None]:
    """Of all messages that can be seen."""
    chats: dict[str, Any] = (await stored_view(pipeline.database))["chats"]
    return {message["id"]: message["body"] for chat in chats.values() for message in chat["messages"]}


async def test_messages_older_than_the_days_to_keep_vanish_once_and_for_all(pipeline: Pipeline) -> None:
    async def run(*, dry_run: bool = False) -> Retained:
        scope = Scope(organization=OrganizationId("org_1"))
        return await retention(pipeline.settings, scope, keep_days=30, dry_run=dry_run, report=lambda _line: None)

    old = now() - 31 * DAY_MS
    theirs = {"session": "S2", "organization": "org_2"}
    await pipeline.publish(
        [
            *(working_session(), message("OLD", timestamp=old), message("NEW")),
            *(message("YOUNG", chat=BOB, timestamp=old + 2 * DAY_MS), message("NOW", chat=BOB)),
            *(working_session(**theirs), message("THEIRS", timestamp=old, envelope=theirs)),
        ]
    )
    await pipeline.start("waypost-ingest")
    await pipeline.until_applied()
    assert (await run(dry_run=True)).chats == 1
    assert (await run()).chats == 1
    await pipeline.until_applied()
    assert set(await bodies(pipeline)) == {"NEW", "YOUNG", "NOW", "THEIRS"}
    assert (await run()).chats == 0


async def test_what_a_person_wrote_is_erased_by_either_address_and_what_the_topics_hold_is_told(pipeline: Pipeline) -> None:
    by_alice: dict[str, Any] = {"senderJid": ALICE, "senderLid": ALICE_LID, "pushName": "Alice"}
    theirs = {"session": "S2", "organization": "org_2"}
    await pipeline.publish(
        [
            *(working_session(), message("DM", senderJid=ALICE, pushName="Alice"), message("OTHER", chat=BOB, senderJid=BOB)),
            *(message("GROUP", chat=GROUP, **by_alice), message("BOBS", chat=GROUP, senderJid=BOB, body="I am Bob")),
            event("contact.update", {"jid": ALICE, "lid": ALICE_LID}),
            *(working_session(**theirs), message("THEIRS", senderJid=ALICE, envelope=theirs)),
        ]
    )
    await pipeline.publish_raw(b'{"from":"' + ALICE.replace("@", ":7@").encode() + b'"}', "S1", EVENTS_DLQ)
    await pipeline.start("waypost-ingest")
    await pipeline.until_applied()
    log = await pipeline.read_all()
    code, out, err = await Command(pipeline.settings)(
        "erase", "--contact", ALICE_LID, "--organization", "org_1", "--yes", "--json"
    )
    assert code == 0, err
    await pipeline.until_applied()
    assert await bodies(pipeline) == {"DM": None, "GROUP": None, "OTHER": "Hello", "BOBS": "I am Bob", "THEIRS": "Hello"}
    result = json.loads(out)
    assert result["addresses"] == sorted([ALICE, ALICE_LID])
    assert {chat["chatJid"]: chat["messages"] for chat in result["chats"]} == {ALICE: 1, GROUP: 1}
    told = {(one["topic"], one["partition"]): one["records"] for one in result["remains"]}
    hers = [one.partition for one in log if one.key.startswith(b"S1|") and ALICE.encode() in one.key + one.value]
    events, letters = topic_name(pipeline.settings.kafka, EVENTS), topic_name(pipeline.settings.kafka, EVENTS_DLQ)
    assert {key: count for key, count in told.items() if key[0] == events} == {(events, one): hers.count(one) for one in hers}
    assert [count for key, count in told.items() if key[0] == letters] == [1]
    assert len(result["deleteRecords"]["partitions"]) == len(told)
