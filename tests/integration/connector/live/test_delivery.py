"""Each command once, whatever breaks: read from the network's own record."""

import orjson
import pytest
from tests.integration.connector.live.conftest import Live
from tests.processes import eventually

from waypost_common.jids import ChatType

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_send_that_a_kill_cut_is_unknown_and_is_never_made_again(live: Live) -> None:
    await live.fault("hold", seconds=60, operation="message.send")
    command = await live.send()
    await live.until_called(command)
    live.kill_connector()
    live.connector.start()
    outcome = await live.outcome(command)
    assert (outcome["status"], outcome["code"]) == ("unknown", "gateway_unavailable")
    after = await live.send("the next one")
    await live.until_called(after)
    assert len(live.calls(command)) == 1


async def test_a_reaction_that_a_kill_cut_is_made_again(live: Live) -> None:
    result = (await live.outcome(await live.send()))["result"]
    await live.fault("hold", seconds=60, operation="message.react", times=1)
    target = {"chatJid": live.chat(), "messageId": result["waMessageId"], "emoji": "👍"}
    command = await live.ask("message.react", target)
    await live.until_called(command)
    live.kill_connector()
    live.connector.start()
    assert (await live.outcome(command))["status"] == "succeeded"
    assert len(live.calls(command)) == 2


async def test_a_channel_followed_or_muted_whose_answer_the_network_lost_is_followed_or_muted_again(live: Live) -> None:
    jid = {"jid": live.chat(ChatType.NEWSLETTER)}
    for name, payload in (("channel.follow", jid), ("channel.mute", jid | {"mute": True})):
        await live.fault("lose", operation=name, times=1)
        command = await live.ask(name, payload)
        assert (await live.outcome(command))["status"] == "succeeded"
        assert len(live.calls(command)) == 2


async def test_a_send_whose_answer_the_network_lost_is_unknown_and_made_once(live: Live) -> None:
    await live.fault("lose", operation="message.send", times=1)
    command = await live.send()
    assert (await live.outcome(command))["status"] == "unknown"
    assert len(live.calls(command)) == 1


async def test_a_send_before_whose_call_the_connection_ended_is_unknown_since_nobody_can_tell(live: Live) -> None:
    await live.fault("drop", operation="message.send", times=1)
    command = await live.send()
    assert (await live.outcome(command))["status"] == "unknown"
    assert live.calls(command) == []


async def test_a_command_that_comes_twice_is_carried_out_once_and_answered_alike(live: Live) -> None:
    command = await live.send()
    first = await live.outcome(command)
    await live.repeat(command)
    after = await live.send("the next one")
    await live.outcome(after)
    assert len(live.calls(command)) == 1
    assert {orjson.dumps(one["result"]) for one in await live.outcomes(command)} == {orjson.dumps(first["result"])}


async def test_a_slow_session_does_not_hold_up_another_nor_does_a_waiting_send_hold_up_a_reaction(live: Live) -> None:
    result = (await live.outcome(await live.send()))["result"]
    await live.fault("slow", seconds=20, session=live.other.session)
    slow = await live.send("slow", to=live.chat(cast=live.other), session=live.other.session)
    for _ in range(20):
        await live.ask("message.send", {"to": live.chat(), "type": "text", "text": "queued", "mayWait": True}, seconds=600)
    target = {"chatJid": live.chat(), "messageId": result["waMessageId"], "emoji": "👍"}
    reaction = await live.ask("message.react", target)
    assert (await live.outcome(reaction))["status"] == "succeeded"
    assert live.calls(slow) == []


async def test_the_budget_refuses_a_send_at_once_and_says_when_to_come_again_also_after_a_kill(live: Live) -> None:
    commands = [await live.send(str(number)) for number in range(21)]
    outcome = await live.outcome(commands[-1])
    assert (outcome["status"], outcome["code"]) == ("rejected", "rate_limited")
    assert 1 <= outcome["result"]["retryAfterSeconds"] <= 60
    live.kill_connector()
    live.connector.start()
    assert (await live.outcome(await live.send()))["code"] == "rate_limited"


async def test_another_organizations_command_is_not_found_and_one_of_a_wrong_shape_is_buried(live: Live) -> None:
    foreign = await live.send(organization="org_elsewhere")
    outcome = await live.outcome(foreign)
    assert (outcome["status"], outcome["code"]) == ("rejected", "not_found")
    await live.pipeline.publish_raw(b'{"no": "command"}', live.cast.session, "wa.commands.live.simulated")
    await live.outcome(await live.send())

    async def buried() -> bool:
        return len(await live.dead_letters()) == 1

    await eventually(buried, "the record of a wrong shape in the dead letters")
    assert live.calls(foreign) == []
