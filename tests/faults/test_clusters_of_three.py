"""Three brokers and three mongods under a mixed load: one of each goes away and stays away: what was acknowledged is kept."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from pydantic import SecretStr
from tests.faults.figures import Figures
from tests.faults.history import load, make_history
from tests.faults.kafka_cluster import COPIES, SURE_COPIES, KafkaCluster
from tests.faults.mixed_load import Caller, Told
from tests.faults.mongod_cluster import Member, MongodCluster
from tests.faults.servers import OwnServer, running
from tests.faults.thorough import thorough
from tests.faults.whole_system import (
    System,
    assert_as_the_log_says,
    assert_every_operation_ended,
    assert_nothing_was_done_twice,
    start_system,
)
from tests.pacing import moment, pause
from tests.plugins.pipeline import PARTITIONS, Pipeline, migrated
from tests.processes import eventually

from waypost_common.settings import KafkaSettings, MongoSettings
from waypost_common.topics import topic_names
from waypost_connector.simulated.world import DEFAULT_ORGANIZATION
from waypost_store.settings import StoreSettings

pytestmark = [pytest.mark.slow, pytest.mark.crowded, pytest.mark.timeout(600), thorough]

CALLERS_OF_A_SESSION = 2
ARRIVALS_A_SECOND = 50
QUIET_S = 5
RECOVERED_S = 30
"""Kafka and MongoDB miss a broker after 9 s, and a primary after 10 s; the rest is the election and the way back."""
Away = Callable[[OwnServer], AbstractAsyncContextManager[None]]
READS, CHANGES = ("read",), ("patch", "send", "create channel")


@pytest.fixture
async def brokers(servers_folder: Path, tmp_path: Path) -> AsyncIterator[KafkaCluster]:
    async with running(KafkaCluster(servers_folder / tmp_path.name)) as cluster:
        yield cluster


@pytest.fixture
async def pipeline(brokers: KafkaCluster, mongods: MongodCluster, tmp_path: Path) -> AsyncIterator[Pipeline]:
    settings = StoreSettings(
        kafka=KafkaSettings(
            bootstrap_servers=brokers.address,
            partitions=PARTITIONS,
            replication_factor=COPIES,
            min_insync_replicas=SURE_COPIES,
            request_timeout_ms=60_000,  # of the test's own producer, which shall not be what gives up
        ),
        mongo=MongoSettings(url=SecretStr(mongods.address)),
    )
    async with migrated(settings, tmp_path) as one:
        yield one


@pytest.fixture
async def system(pipeline: Pipeline, tmp_path: Path) -> System:
    return await start_system(pipeline, tmp_path / "network", 1)


@pytest.fixture
async def replicas(system: System) -> AsyncIterator[list[httpx.AsyncClient]]:
    key = await system.pipeline.api_key(DEFAULT_ORGANIZATION)
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(system.pipeline.client(one, key)) for one in system.pairs["waypost-api"]]


@pytest.mark.parametrize("away", [OwnServer.killed], ids=["killed"])
async def test_one_broker_and_one_mongod_of_three_are_away_under_load(
    away: Away,
    system: System,
    replicas: Sequence[httpx.AsyncClient],
    brokers: KafkaCluster,
    mongods: MongodCluster,
    figures: Figures,
) -> None:
    pipeline, told, over = system.pipeline, Told(), asyncio.Event()
    await assert_topics_are_replicated(pipeline)
    callers = [
        Caller(replicas, session, chats[number::CALLERS_OF_A_SESSION], told, seed=number)
        for session, chats in (await system.chats()).items()
        for number in range(CALLERS_OF_A_SESSION)
    ]
    arrivals = make_history(2 * (QUIET_S + RECOVERED_S) * ARRIVALS_A_SECOND * 3)
    async with AsyncExitStack() as until_back:
        async with load(pipeline, arrivals, a_second=ARRIVALS_A_SECOND), asyncio.TaskGroup() as tasks:
            for number, caller in enumerate(callers):
                tasks.create_task(caller.run(over), name=f"caller {number}")
            broker_away = await take_away(away(await brokers.controller()), until_back)
            primary = await mongods.primary()
            await assert_writes_wait_for_a_majority(primary)
            primary_away = await take_away(away(primary), until_back)
            await assert_writes_wait_for_a_majority(await mongods.primary(without=primary))
            over.set()
        print(sorted(told.answers.items()), len(told.failures))  # noqa: T201  (shown by `pytest -rP`)
        assert_recovered(told, {"broker": broker_away, "mongod": primary_away}, figures)
        await assert_all_is_kept(system, callers, told)
    await eventually(brokers.is_whole, "every broker has every record")
    await eventually(mongods.is_whole, "a primary and two secondaries")
    await assert_all_is_kept(system, callers, told)


async def take_away(fault: AbstractAsyncContextManager[None], until_back: AsyncExitStack) -> float:
    """Under load before and after. Returns when it began."""
    await pause(QUIET_S)
    began = time.monotonic()
    await until_back.enter_async_context(fault)
    await moment(began + RECOVERED_S + QUIET_S)
    return began


def assert_recovered(told: Told, faults: Mapping[str, float], figures: Figures) -> None:
    """No caller was refused anything but within the given time after a fault."""
    assert [one for one in told.failures if not any(at <= one[0] <= at + RECOVERED_S for at in faults.values())] == []
    for what, at in faults.items():
        for kind, asked in (("reads", READS), ("changes", CHANGES)):
            failures = [
                failed for failed, said in told.failures if at <= failed <= at + RECOVERED_S and said.partition(":")[0] in asked
            ]
            figures.tell(f"one {what} of three goes away, until the last of the {kind} that failed", max([at, *failures]) - at)


async def assert_all_is_kept(system: System, callers: Sequence[Caller], told: Told) -> None:
    """What every caller was told, what was done on WhatsApp, and what the log says. No service has ended."""
    await assert_every_operation_ended(system.pipeline)
    for caller in callers:
        await caller.check()
    assert_nothing_was_done_twice(system.calls(), told)
    await assert_as_the_log_says(system.pipeline)
    assert all(process.is_running for process in system.pipeline.processes)


async def assert_topics_are_replicated(pipeline: Pipeline) -> None:
    names = list(topic_names(pipeline.settings.kafka))
    admin = AIOKafkaAdminClient(bootstrap_servers=pipeline.settings.kafka.bootstrap_servers)
    await admin.start()
    try:
        described = await admin.describe_topics(names)
        answers: list[Any] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    finally:
        await admin.close()
    assert {len(partition["replicas"]) for topic in described for partition in topic["partitions"]} == {COPIES}
    configured = [{entry[0]: entry[1] for entry in resource[4]} for answer in answers for resource in answer.resources]
    assert [one["min.insync.replicas"] for one in configured] == [str(SURE_COPIES)] * len(names)


async def assert_writes_wait_for_a_majority(primary: Member) -> None:
    """Under load. mongod's own writes are none of ours: a new primary inserts something, and what has expired is deleted."""
    before = await asyncio.to_thread(primary.writes)
    await pause(QUIET_S)
    after = await asyncio.to_thread(primary.writes)
    for kind in ("insert", "update"):
        assert after[kind]["wmajority"] > before[kind]["wmajority"]
        assert after[kind] | {"wmajority": 0} == before[kind] | {"wmajority": 0}
