"""A request that has been authenticated and may do what it asks, with all that a handler needs."""

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TypedDict

import pymongo
from starlette.requests import Request

from waypost_api.authentication.authenticator import Authenticator
from waypost_api.authentication.principal import Principal
from waypost_api.breaker import Breaker
from waypost_api.commands.execute import CommandExecutor
from waypost_api.commands.operations import Operations
from waypost_api.ending import Ending
from waypost_api.events.places import OpenStreams
from waypost_api.events.stream import EventLog
from waypost_api.metrics import Metrics
from waypost_api.pagination import Cursors
from waypost_api.pipeline_report import PipelineReport
from waypost_api.queries.generations import Generations
from waypost_api.readiness import Readiness
from waypost_api.searches import Searches
from waypost_api.second_dialect.rate_limit import RequestCounter
from waypost_api.settings import ApiSettings
from waypost_common.identifiers import EpochMs
from waypost_common.mongo import MongoDatabase
from waypost_common.trail import NO_TRAIL, Trail


class State(TypedDict):
    """What the lifespan makes and every request sees."""

    settings: ApiSettings
    metrics: Metrics
    database: MongoDatabase
    documents_breaker: Breaker
    generations: Generations
    authenticator: Authenticator
    cursors: Cursors
    operations: Operations
    executor: CommandExecutor
    readiness: Readiness
    searches: Searches
    request_counter: RequestCounter
    event_log: EventLog
    open_streams: OpenStreams
    ending: Ending
    pipeline_report: PipelineReport


@dataclass(frozen=True, slots=True)
class Call:
    request: Request[State]
    state: State
    principal: Principal
    operation: str
    """The operation's id."""

    def reading(self) -> AbstractContextManager[object]:
        """Bounds the database's time within the block; past it the request is answered 503."""
        return pymongo.timeout(self.state["settings"].reads.timeout_ms / 1000)

    def searching(self, *, when: bool) -> AbstractContextManager[None]:
        """Around a list whose filters no index serves."""
        return self.state["searches"].one(self.principal.organization) if when else nullcontext()

    @property
    def trail(self) -> Trail:
        """What logs and traces know the request by."""
        trail: Trail = self.request.scope.get("waypost.trail", NO_TRAIL)
        return trail

    def path(self, name: str) -> str:
        text: str = self.request.path_params[name]
        return text

    @staticmethod
    def now() -> EpochMs:
        return EpochMs(time.time_ns() // 1_000_000)
