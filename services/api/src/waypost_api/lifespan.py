"""What the service holds while it runs: clients, and the tasks that run beside requests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pymongo
import structlog
from starlette.applications import Starlette

from waypost_api.authentication.api_keys import ApiKeys, key_lookup
from waypost_api.authentication.authenticator import Authenticator
from waypost_api.authentication.jwks import SigningKeys, jwks_fetch
from waypost_api.authentication.jwt import LoginTokens
from waypost_api.breaker import Breaker
from waypost_api.call import State
from waypost_api.commands.execute import CommandExecutor
from waypost_api.commands.operations import Operations
from waypost_api.commands.outcomes import OutcomeReader
from waypost_api.commands.publisher import CommandPublisher
from waypost_api.commands.waiters import Waiters
from waypost_api.dispatch import DOCUMENTS_UNAVAILABLE
from waypost_api.ending import Ending
from waypost_api.events.live_log import LiveLog
from waypost_api.events.owners import FindOwners, Owners
from waypost_api.events.places import CatchingUp, OpenStreams
from waypost_api.events.resume_tokens import ResumeTokens
from waypost_api.events.stream import EventLog
from waypost_api.metrics import Metrics
from waypost_api.pagination import Cursors, signing_secret
from waypost_api.pipeline_report import PipelineReport
from waypost_api.queries import sessions
from waypost_api.queries.generations import Generations
from waypost_api.readiness import Readiness
from waypost_api.refusal import Refusal, end_if_clocks_differ
from waypost_api.searches import Searches
from waypost_api.second_dialect.rate_limit import RequestCounter
from waypost_api.settings import ApiSettings, JwtSettings
from waypost_common.crash_points import CrashPoints
from waypost_common.errors import CannotRunError
from waypost_common.mongo import MongoDatabase, open_client, open_database
from waypost_common.probes import serve_probes
from waypost_common.running import reason_of
from waypost_common.tracing import Tracing

log = structlog.stdlib.get_logger(__name__)

Task = Coroutine[Any, Any, None]
Lifespan = Callable[[Starlette], AbstractAsyncContextManager[State]]


def lifespan_of(settings: ApiSettings, metrics: Metrics, tracing: Tracing, refusal: Refusal, ending: Ending) -> Lifespan:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[State]:
        async with _explained(refusal), AsyncExitStack() as stack:
            stack.push_async_callback(tracing.close)
            client = await stack.enter_async_context(open_client(settings.mongo, application="waypost-api"))
            database = open_database(client, settings.mongo)
            login_tokens = await stack.enter_async_context(_login_tokens(settings.jwt, metrics))

            waiters = Waiters(metrics)
            outcomes = OutcomeReader(settings.kafka, waiters, tracing)
            publisher = CommandPublisher(settings.kafka, tracing, timeout_s=settings.commands.publish_timeout_ms / 1000)
            generations = Generations(database, ttl_s=settings.cache.generation_ms / 1000, metrics=metrics)
            timeout_s = settings.reads.timeout_ms / 1000
            live_log = LiveLog(settings.kafka, Owners(owner_lookup(database, generations, timeout_s=timeout_s)))
            beside = {
                "outcomes": outcomes.run(),
                "command-publisher": publisher.run(),
                "clock": end_if_clocks_differ(client, refusal),
                "live-log": live_log.run(),
            }
            await stack.enter_async_context(_running(beside))

            operations = Operations(database)
            crash = CrashPoints(settings.crash.at)
            executor = CommandExecutor(
                operations, publisher, waiters, generations, metrics, database_timeout_s=timeout_s, crash=crash
            )
            readiness = Readiness(database, outcomes_followed=outcomes.ready, commands_taken=publisher.ready)
            port = await stack.enter_async_context(serve_probes(settings.metrics, metrics.registry, readiness.missing))
            log.info("probes_served", host=settings.metrics.host, port=port)

            secret = signing_secret(settings.cursor)
            event_log = EventLog(
                live=live_log,
                catching_up=CatchingUp(settings.streams.catching_up),
                tokens=ResumeTokens(secret),
                settings=settings.streams,
                metrics=metrics,
            )
            open_streams = OpenStreams(most=settings.streams.most, most_of_organization=settings.streams.most_of_organization)
            key_ttl_s = settings.cache.api_key_ms / 1000
            yield State(
                settings=settings,
                metrics=metrics,
                database=database,
                documents_breaker=Breaker(DOCUMENTS_UNAVAILABLE),
                generations=generations,
                authenticator=Authenticator(ApiKeys(key_lookup(database), ttl_s=key_ttl_s, metrics=metrics), login_tokens),
                cursors=Cursors(secret),
                operations=operations,
                executor=executor,
                readiness=readiness,
                searches=Searches(settings.reads.searches_per_organization),
                request_counter=await RequestCounter.open(database, per_minute=settings.dialect.requests_per_minute),
                event_log=event_log,
                open_streams=open_streams,
                ending=ending,
                pipeline_report=PipelineReport(settings.kafka, database, live_log),
            )

    return lifespan


def owner_lookup(database: MongoDatabase, generations: Generations, *, timeout_s: float) -> FindOwners:
    async def find(sessions_asked: list[str]) -> Mapping[str, str]:
        with pymongo.timeout(timeout_s):
            return await sessions.owners_of(database, await generations.live(), sessions_asked)

    return find


@asynccontextmanager
async def _explained(refusal: Refusal) -> AsyncIterator[None]:
    try:
        yield
    except* CannotRunError as errors:
        refusal.reason = reason_of(errors)
        raise


@asynccontextmanager
async def _login_tokens(settings: JwtSettings, metrics: Metrics) -> AsyncIterator[LoginTokens | None]:
    if settings.jwks_url is None:
        yield None
        return
    async with httpx.AsyncClient(timeout=settings.timeout_s, follow_redirects=False) as client:
        yield LoginTokens(SigningKeys(jwks_fetch(client, settings.jwks_url), settings, metrics), settings)


@asynccontextmanager
async def _running(beside: Mapping[str, Task]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(task, name=name) for name, task in beside.items()]
        try:
            yield
        finally:
            for task in running:
                task.cancel()
