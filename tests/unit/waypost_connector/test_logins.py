"""How many sessions log in at one time."""

import asyncio
from dataclasses import replace

from tests.unit.waypost_connector.runner_scene import DEVICE, Kafka, TinyBackend, TinyConnection, surroundings_for, until

from waypost_common.identifiers import SessionId
from waypost_connector.backend import Device, DeviceStore
from waypost_connector.session_runner import SessionRunner
from waypost_connector.wishes import Wish


class SlowBackend(TinyBackend):
    """Logs in while the gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.at_once = self.most = self.done = 0

    async def connect(self, device: Device, store: DeviceStore) -> TinyConnection:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await self.gate.wait()
        self.at_once -= 1
        self.done += 1
        return TinyConnection([], None)


async def test_no_more_sessions_log_in_at_once_than_the_setting_says_and_all_do_in_the_end() -> None:
    backend = SlowBackend()
    async with surroundings_for(backend, Kafka()) as around, asyncio.TaskGroup() as tasks:
        runners = []
        for number in range(7):
            device = replace(DEVICE, session=SessionId(f"s{number}"))
            runner = SessionRunner(device, around.surroundings)
            runner.want(Wish(device, running=True))
            runners.append(runner)
            tasks.create_task(runner.run())
        await until(lambda: backend.at_once == 2)
        backend.gate.set()
        await until(lambda: backend.done == 7)
        for runner in runners:
            runner.stop()
    assert backend.most == 2
