"""Sessions asked for everything in any order while the connector is killed again and again: a short form of a soak."""

import random
from typing import Any

import orjson
import pytest
from tests.integration.connector.live.conftest import Live
from tests.pacing import pause
from tests.processes import eventually

from waypost_common.identifiers import SessionId, new_session_id
from waypost_common.live_commands import LiveCommand
from waypost_common.topics import OUTCOMES

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

SEED = 1
SESSIONS = 6
STEPS = 40
ORGANIZATION: dict[str, Any] = {"organization": "org_elsewhere"}
STEP = ("session.start", "session.stop", "session.logout", "session.pair", "session.restart", "message.send", "kill")
PHONE = {"phone": "628123456789"}


async def do(live: Live, chance: random.Random, step: str, session: SessionId) -> LiveCommand | None:
    """The live command that was asked for, if any."""
    mine = ORGANIZATION | {"session": session}
    match step:
        case "kill":
            live.kill_connector()
            live.connector.start()
            return None
        case "session.start" | "session.stop":
            await live.tell_store(step, **mine)
            return None
        case "message.send":
            return await live.send(seconds=5, **mine)
        case _:
            payload = PHONE if step == "session.pair" and chance.random() < 0.5 else {}
            return await live.ask(step, payload, seconds=5, **mine)


async def test_every_command_has_an_outcome_nothing_is_sent_twice_and_every_session_ends_as_it_is_wanted(live: Live) -> None:
    chance = random.Random(SEED)
    sessions = [new_session_id() for _ in range(SESSIONS)]
    for session in sessions:
        await live.tell_store("session.create", {"start": chance.random() < 0.5}, session=session, **ORGANIZATION)
    asked: list[LiveCommand] = []
    for _ in range(STEPS):
        if (command := await do(live, chance, chance.choice(STEP), chance.choice(sessions))) is not None:
            asked.append(command)
        await pause(chance.random() * 0.4)  # kills come at moments that nobody chose

    async def all_told() -> bool:
        told = {orjson.loads(record.value)["command"] for record in await live.pipeline.read_all(OUTCOMES)}
        return {command.id for command in asked} <= told

    await eventually(all_told, "an outcome of every command", every=0.5)
    assert all(len(live.calls(command)) <= 1 for command in asked if command.command == "message.send")
    for session in sessions:
        await live.until_session(session, "as it is wanted", is_as_wanted)
        await live.tell_store("session.start", session=session, **ORGANIZATION)
    for session in sessions:
        await live.until_status(session, "working")


def is_as_wanted(session: dict[str, Any]) -> bool:
    up = session["status"] in ("starting", "scan_qr_code", "working")
    return up if session["desired"] == "running" else not up
