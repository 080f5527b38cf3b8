"""A client of MongoDB in the moment in which it connects."""

import asyncio
import gc
import socket
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.processes import eventually

from waypost_common.mongo import open_client
from waypost_common.settings import MongoSettings
from waypost_local.ports import LOOPBACK

SYN_SENT = "02"


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Whoever connects waits: the queue of those that nobody accepts is full."""
    with socket.create_server((LOOPBACK, 0), backlog=0) as server, socket.create_connection(server.getsockname()):
        yield server.getsockname()[1]


def connecting_to(port: int) -> int:
    """How many of this machine's sockets (man proc_net: local address, remote address, state)."""
    sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(one[2].endswith(f":{port:04X}") and one[3] == SYN_SENT for one in sockets)


async def test_closed_while_it_connects_it_leaves_no_socket_open(silent_port: int) -> None:
    settings = MongoSettings(url=SecretStr(f"mongodb://{LOOPBACK}:{silent_port}/"), driver="pymongo")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        async with open_client(settings, application="test") as client, asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(client.admin.command("ping"))
            await eventually(lambda: connecting_to(silent_port) == 1, "a connection attempt")
            asking.cancel()
        await eventually(lambda: connecting_to(silent_port) == 0, "no connection attempt any more")
        gc.collect()
    assert [str(one.message) for one in caught] == []
