"""A session that is paired, stopped, started, logged out and removed, as what is wanted of it changes."""

import asyncio
from dataclasses import replace
from itertools import repeat

import pytest
from tests.unit.waypost_connector.runner_scene import (
    DEVICE,
    UNPAIRED,
    Kafka,
    TinyBackend,
    TinyConnection,
    rests,
    serving,
    until,
)

from waypost_connector import session_runner
from waypost_connector.backend import CallRefusedError, ConnectionLostError
from waypost_connector.live import pairing
from waypost_connector.metrics import ConnectorMetrics, SessionPhase
from waypost_connector.session_runner import SessionRunner
from waypost_connector.wishes import Wish

NEW = Wish(UNPAIRED, running=False, status="stopped")
TO_PAIR = replace(NEW, running=True)
STOPPED = Wish(DEVICE, running=False, status="stopped", identified=True)
UNTIL_SCANNED = [("starting", None), ("scan_qr_code", None), ("auth.qr", "2@abc")]
SCANNED = [("auth.code", None), ("starting", None), ("working", None)]


def backend() -> TinyBackend:
    return TinyBackend(TinyConnection([], None))


async def test_a_new_session_shows_its_codes_and_works_once_one_is_scanned() -> None:
    kafka, one = Kafka(), backend()
    async with serving(one, kafka, wish=TO_PAIR):
        await until(lambda: kafka.told() == UNTIL_SCANNED)
        one.scanned.set()
        await until(lambda: kafka.told() == UNTIL_SCANNED + SCANNED)
    [accepted] = [event for _, _, event in kafka.taken if event["event"] == "auth.code"]
    assert accepted["payload"] == {"jid": "9991@s.whatsapp.net", "lid": "1@lid", "platform": "android", "fence": 1}


async def test_a_new_session_that_is_not_wanted_shows_no_code_and_says_nothing() -> None:
    kafka, one, metrics = Kafka(), backend(), ConnectorMetrics()
    async with serving(one, kafka, metrics, wish=NEW):
        await rests(metrics, SessionPhase.STOPPED)
    assert (one.pairings, kafka.taken) == ([], [])


async def test_a_session_that_is_stopped_while_it_shows_codes_shows_no_more() -> None:
    kafka, one = Kafka(), backend()
    async with serving(one, kafka, wish=TO_PAIR) as runner:
        await until(lambda: kafka.told() == UNTIL_SCANNED)
        runner.want(NEW)
        await until(lambda: kafka.statuses()[-1:] == ["stopped"])
        one.scanned.set()
        await asyncio.sleep(0)
    assert not runner.is_paired


async def test_a_code_for_a_phone_number_begins_to_pair_and_tells_that_the_session_is_to_run() -> None:
    kafka, one = Kafka(), backend()
    async with serving(one, kafka, wish=NEW) as runner:
        assert (await runner.pairing_code("628123456789")).code == "ABCD-1234"
        assert (await runner.pairing_code(None)).code == "2@abc"
        runner.want(NEW)  # the document is a moment behind
        one.scanned.set()
        await until(lambda: kafka.statuses()[-1:] == ["working"])
    assert one.pairings == ["628123456789"]
    assert ("auth.code", "ABCD-1234") in kafka.told()
    assert ("starting", "running") in kafka.told()


async def test_a_code_for_another_phone_number_ends_the_earlier_ones() -> None:
    one = backend()
    async with serving(one, Kafka(), wish=NEW) as runner:
        await runner.pairing_code("628123456789")
        await runner.pairing_code("628123456789")
        await runner.pairing_code("628000000000")
    assert one.pairings == ["628123456789", "628000000000"]


async def test_who_waits_for_a_code_while_the_phone_accepts_is_told() -> None:
    one = backend()
    async with serving(one, Kafka(), wish=TO_PAIR) as runner:
        await until(lambda: one.pairings == [None])
        one.types = False
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(refused(runner), name="wait for a code")
            await until(lambda: len(one.pairings) == 2)
            one.scanned.set()
    assert waiting.result()


async def refused(runner: SessionRunner) -> bool:
    with pytest.raises(CallRefusedError):
        await runner.pairing_code("628123456789")
    return True


async def test_codes_that_no_phone_accepts_end_after_a_while_and_the_session_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairing, "PATIENCE_SECONDS", 0.05)
    kafka = Kafka()
    async with serving(backend(), kafka, wish=TO_PAIR):
        await until(lambda: kafka.told() == [*UNTIL_SCANNED, ("stopped", "stopped")])


async def test_a_stopped_session_stays_paired_and_works_again_when_started() -> None:
    kafka, one = Kafka(), backend()
    async with serving(one, kafka) as runner:
        await until(lambda: kafka.statuses() == ["starting", "working"])
        runner.want(STOPPED)
        await until(lambda: kafka.statuses()[2:] == ["stopped"])
        runner.want(replace(STOPPED, running=True))
        await until(lambda: kafka.statuses()[3:] == ["starting", "working"])
    assert one.pairings == []


@pytest.mark.parametrize("wish", [STOPPED, Wish(DEVICE, running=True, status="working", identified=True)])
async def test_a_session_that_is_logged_out_is_unlinked_and_tells_it_with_what_is_wanted_now(wish: Wish) -> None:
    kafka, one = Kafka(), backend()
    async with serving(one, kafka, wish=wish) as runner:
        await until(lambda: kafka.statuses()[-1:] == [wish.status])
        await runner.log_out()
        await until(lambda: kafka.told()[-1:] == [("logged_out", "stopped")])
        runner.want(wish)  # the document is a moment behind
        await runner.log_out()
    assert one.unlinked == 1
    assert kafka.statuses().count("logged_out") == 1


async def test_a_logged_out_session_shows_codes_again_when_it_is_started_and_never_seems_paired_meanwhile() -> None:
    kafka, one = Kafka(), backend()
    wish = Wish(UNPAIRED, running=False, status="logged_out", identified=True)
    async with serving(one, kafka, wish=wish) as runner:
        runner.want(replace(wish, running=True))
        await until(lambda: kafka.told()[-1:] == [("auth.qr", "2@abc")])
        runner.want(replace(wish, status="scan_qr_code"))
        await until(lambda: kafka.statuses() == ["scan_qr_code", "logged_out"])


async def test_a_session_whose_device_was_unlinked_while_nobody_looked_is_logged_out_and_not_paired_by_itself() -> None:
    kafka, one = Kafka(), backend()
    async with serving(one, kafka, wish=Wish(UNPAIRED, running=True, status="working", identified=True)):
        await until(lambda: kafka.told() == [("logged_out", "stopped")])
    assert one.pairings == []


async def test_a_restart_brings_a_stopped_session_back() -> None:
    kafka = Kafka()
    async with serving(backend(), kafka, wish=STOPPED) as runner:
        await until(lambda: kafka.statuses() == ["stopped"])
        runner.reconnect()
        await until(lambda: kafka.told()[1:] == [("starting", "running"), ("working", None)])


async def test_a_removed_session_is_unlinked_and_says_nothing_more() -> None:
    kafka, one, metrics = Kafka(), backend(), ConnectorMetrics()
    async with serving(one, kafka, metrics) as runner:
        await until(lambda: kafka.statuses() == ["starting", "working"])
        runner.want(replace(STOPPED, removed=True))
        await rests(metrics, SessionPhase.LOGGED_OUT)
    assert one.unlinked == 1
    assert kafka.statuses() == ["starting", "working"]


async def test_pairing_goes_on_after_the_connection_to_whatsapp_was_lost() -> None:
    kafka, one = Kafka(), backend()
    one.lost_pairings = 1
    async with serving(one, kafka, wish=TO_PAIR):
        await until(lambda: kafka.told() == UNTIL_SCANNED)
    assert one.pairings == [None, None]


async def test_a_session_that_waits_to_try_again_is_stopped_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_runner, "delays", lambda _random: repeat(60.0))
    kafka, one = Kafka(), TinyBackend(ConnectionLostError("down"))
    async with serving(one, kafka) as runner:
        await until(lambda: one.attempts == 1)
        runner.want(STOPPED)
        await until(lambda: kafka.statuses() == ["starting", "stopped"])
