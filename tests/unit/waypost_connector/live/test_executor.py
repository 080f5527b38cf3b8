"""What becomes of one live command."""

import asyncio

import pytest
import structlog
from structlog.testing import capture_logs
from tests.processes import eventually
from tests.unit.waypost_connector.live.scene import SESSION, Scene, accepted, scene, sent

from waypost_common.claims import Claim, ClaimState, Finish
from waypost_common.errors import ErrorCode
from waypost_common.identifiers import SessionId, event_id_of_command
from waypost_connector.backend import (
    CallEvent,
    CallLimitedError,
    CallNotMadeError,
    CallRefusedError,
    CallResult,
    CallUnsupportedError,
    ConnectionLostError,
)
from waypost_connector.live import executor
from waypost_connector.live.budget import SendLimit
from waypost_connector.live.entry import Entry

STARTED = Claim(ClaimState.STARTED_BEFORE)


@pytest.fixture(autouse=True)
def short_settling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "SETTLE_SECONDS", 0.1)


async def test_what_a_call_brought_about_is_published_under_the_events_key_and_names_the_command() -> None:
    item = accepted("message.send")
    async with scene(sent("3EB0A")) as one:
        await one.execute(item)
    [(topic, key, event, headers)] = one.kafka.records
    assert (topic, key) == ("wa.events", "S1|6281234567890@s.whatsapp.net")
    assert event["id"] == event_id_of_command(item.command.id)
    assert event["organization"] == "org_1"
    assert headers == {
        "event": b"message.from_me",
        "schema": b"v1",
        "gateway": b"c1",
        "fence": b"1",
        "command": item.command.id.encode(),
        "command-deadline": str(item.command.deadline).encode(),
        "command-last": b"true",
        "command-result": b'{"waMessageId":"3EB0A","timestamp":1719662400000}',
        "request-id": b"req_1",
        "traceparent": b"00-trace",
    }


async def test_what_is_logged_of_a_command_names_it_its_session_and_its_request() -> None:
    item = accepted("message.send")
    async with scene(sent("3EB0A")) as one:
        with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
            await one.execute(item)
    ids = {"command": item.command.id, "session": "S1", "request_id": "req_1"}
    said = {"event": "command_done", "log_level": "info", "type": "message.send", "result": "succeeded"}
    assert said | ids in lines
    assert structlog.contextvars.get_contextvars() == {}


async def test_only_the_last_of_several_events_carries_the_result() -> None:
    made = sent()
    async with scene(CallResult([*made.events, *made.events], {"jid": "x"})) as one:
        await one.execute(accepted("message.send"))
    marks = [("command-last" in headers, "command-result" in headers) for _, _, _, headers in one.kafka.records]
    assert marks == [(False, False), (True, True)]
    assert len({event["id"] for event in one.kafka.on("wa.events")}) == 2


async def test_a_call_without_events_has_its_outcome_told_at_once() -> None:
    async with scene(CallResult(result={"jid": "x"})) as one:
        await one.execute(accepted("channel.follow"))
    [outcome] = one.kafka.on("wa.outcomes")
    assert (outcome["status"], outcome["result"]) == ("succeeded", {"jid": "x"})


async def test_a_call_that_succeeded_with_an_invalid_event_succeeded_all_the_same() -> None:
    async with scene(CallResult([CallEvent("message.from_me", {"chatJid": "nobody"})])) as one:
        await one.execute(accepted("message.send"))
    assert one.kafka.outcome() == ("succeeded", None)
    assert len(one.kafka.on("wa.events.dlq")) == 1


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (CallRefusedError(ErrorCode.FORBIDDEN, "not yours"), ("rejected", "forbidden")),
        (CallUnsupportedError("no"), ("not_supported", "not_implemented")),
        (CallLimitedError(2.5), ("rejected", "rate_limited")),
        (ConnectionLostError("gone"), ("unknown", "gateway_unavailable")),
        (RuntimeError("a bug"), ("unknown", "internal")),
    ],
)
async def test_a_call_that_fails_is_made_once_and_has_the_outcome_of_its_failure(
    error: Exception, outcome: tuple[str, str]
) -> None:
    async with scene(error) as one:
        await one.execute(accepted("message.send"))
    assert one.kafka.outcome() == outcome
    assert len(one.whatsapp.calls) == 1


async def test_a_limit_of_whatsapp_tells_in_how_many_whole_seconds_to_come_again() -> None:
    async with scene(CallLimitedError(2.5)) as one:
        await one.execute(accepted("message.send"))
    assert one.kafka.on("wa.outcomes")[0]["result"] == {"retryAfterSeconds": 3}


async def test_a_repeatable_call_that_lost_its_connection_is_made_again() -> None:
    async with scene(ConnectionLostError("gone"), CallResult()) as one:
        await one.execute(accepted("message.react"))
    assert one.kafka.outcome() == ("succeeded", None)
    assert len(one.whatsapp.calls) == 2


async def test_a_bug_in_a_repeatable_call_is_a_failure() -> None:
    async with scene(RuntimeError("a bug")) as one:
        await one.execute(accepted("message.react"))
    assert one.kafka.outcome() == ("failed", "internal")


async def test_a_result_that_cannot_be_told_is_a_fault_of_the_backend_and_ends_nobody_else() -> None:
    async with scene(CallResult(result={"waMessageId": b"raw"})) as one:
        await one.execute(accepted("message.send"))
    assert one.kafka.outcome() == ("unknown", "internal")


async def test_a_send_that_whatsapp_cannot_have_seen_is_made_again() -> None:
    async with scene(CallNotMadeError("closed"), sent()) as one:
        await one.execute(accepted("message.send"))
    assert len(one.kafka.on("wa.events")) == 1


async def test_a_call_that_the_deadline_cuts_is_unknown() -> None:
    async with scene() as one:
        one.whatsapp.hold.clear()
        await one.execute(accepted("message.send", seconds=0.5))
    assert one.kafka.outcome() == ("unknown", "gateway_unavailable")


async def test_another_organizations_session_is_not_found_and_never_called() -> None:
    async with scene() as one:
        await one.execute(accepted("message.send", organization="org_2"))
    assert one.kafka.outcome() == ("rejected", "not_found")
    assert one.whatsapp.calls == []


async def test_a_command_past_its_deadline_is_expired_and_never_called() -> None:
    async with scene() as one:
        await one.execute(accepted("message.send", seconds=-1))
    assert one.kafka.outcome() == ("expired", "gateway_unavailable")
    assert one.whatsapp.calls == []


async def test_what_the_backend_does_not_list_is_not_supported() -> None:
    async with scene() as one:
        await one.execute(accepted("message.revoke"))
    assert one.kafka.outcome() == ("not_supported", "not_implemented")
    assert one.whatsapp.calls == []


async def until_it_waits(one: Scene) -> None:
    """For a connection of the session."""
    await eventually(lambda: SessionId(SESSION) in one.sessions._changed, "waiting", every=0)


async def test_a_session_without_a_connection_until_the_deadline_expires_the_command_unclaimed_until_then() -> None:
    async with scene(connected=False) as one:
        entry = Entry(accepted("message.send", seconds=0.2))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(one.executor.execute(entry))
            await until_it_waits(one)
            assert not entry.begun
    assert one.kafka.outcome() == ("expired", "gateway_unavailable")
    assert isinstance(one.ledger.decisions[0], Finish)


async def test_a_command_waits_for_its_session_to_be_connected() -> None:
    async with scene(connected=False) as one, asyncio.TaskGroup() as tasks:
        tasks.create_task(one.execute(accepted("message.send")))
        await until_it_waits(one)
        one.sessions.connect(SessionId(SESSION), one.line)
    assert len(one.kafka.on("wa.events")) == 1


async def test_a_send_that_was_started_before_is_unknown_and_never_made_again() -> None:
    item = accepted("message.send")
    async with scene() as one:
        one.ledger.claims[item.command.id] = STARTED
        await one.execute(item)
    assert one.kafka.outcome() == ("unknown", "gateway_unavailable")
    assert one.whatsapp.calls == []


async def test_a_send_that_was_started_before_and_whose_outcome_was_on_its_way_has_that_one() -> None:
    item = accepted("message.send")
    async with scene() as one:
        one.ledger.claims[item.command.id] = STARTED
        one.ledger.finished_operations[item.command.id] = {
            "_id": item.command.id, "status": "succeeded", "finishedAt": 5, "code": None, "message": None, "result": {"a": 1},
        }  # fmt: skip
        await one.execute(item)
    [outcome] = one.kafka.on("wa.outcomes")
    assert (outcome["status"], outcome["result"]) == ("succeeded", {"a": 1})
    assert one.whatsapp.calls == []


async def test_a_repeatable_command_that_was_started_before_is_made_again() -> None:
    item = accepted("message.react")
    async with scene(CallResult()) as one:
        one.ledger.claims[item.command.id] = STARTED
        await one.execute(item)
    assert one.kafka.outcome() == ("succeeded", None)


async def test_a_command_that_is_finished_has_its_recorded_outcome_said_again() -> None:
    item = accepted("message.send")
    recorded = {
        "_id": item.command.id,
        "status": "rejected",
        "finishedAt": 5,
        "code": "forbidden",
        "message": "no",
        "result": None,
    }
    async with scene() as one:
        one.ledger.claims[item.command.id] = Claim(ClaimState.FINISHED_BEFORE, recorded)
        await one.execute(item)
    assert one.kafka.outcome() == ("rejected", "forbidden")
    assert one.whatsapp.calls == []


async def test_an_outage_of_mongodb_is_waited_out() -> None:
    async with scene() as one:
        one.ledger.outages = 2
        await one.execute(accepted("message.send"))
    assert len(one.kafka.on("wa.events")) == 1


async def test_a_send_beyond_the_budget_is_refused_and_told_when_to_come_again() -> None:
    async with scene(limits=[SendLimit(1, 60.0)]) as one:
        await one.execute(accepted("message.send"))
        await one.execute(accepted("message.send"))
    [outcome] = one.kafka.on("wa.outcomes")
    assert (outcome["status"], outcome["code"]) == ("rejected", "rate_limited")
    assert 58 <= outcome["result"]["retryAfterSeconds"] <= 60
    assert len(one.whatsapp.calls) == 1


async def test_a_send_that_may_wait_goes_out_when_the_budget_allows() -> None:
    async with scene(limits=[SendLimit(1, 0.2)]) as one:
        await one.execute(accepted("message.send"))
        await one.execute(accepted("message.send", payload={"mayWait": True}))
    assert len(one.whatsapp.calls) == 2
    assert one.kafka.on("wa.outcomes") == []


async def test_a_send_that_may_wait_expires_at_its_deadline() -> None:
    async with scene(limits=[SendLimit(1, 60.0)]) as one:
        await one.execute(accepted("message.send"))
        await one.execute(accepted("message.send", payload={"mayWait": True}, seconds=0.2))
    assert one.kafka.outcome() == ("expired", "gateway_unavailable")


async def test_a_redelivered_send_takes_nothing_from_the_budget() -> None:
    repeated = accepted("message.send")
    async with scene(limits=[SendLimit(1, 60.0)]) as one:
        one.ledger.claims[repeated.command.id] = STARTED
        await one.execute(repeated)
        await one.execute(accepted("message.send"))
    assert len(one.whatsapp.calls) == 1


async def test_only_a_send_that_is_made_is_remembered_for_the_next_process() -> None:
    redelivered = accepted("message.send")
    async with scene() as one:
        one.ledger.claims[redelivered.command.id] = STARTED
        for item in (redelivered, accepted("message.react"), accepted("message.send"), accepted("message.send")):
            await one.execute(item)
    assert len(one.sent_times.of[SessionId(SESSION)]) == 2
