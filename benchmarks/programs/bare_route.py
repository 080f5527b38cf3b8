"""`python -m benchmarks.programs.bare_route`: listChats as the least that answers it, the reference for our API.

One route of Starlette on the same server, with the same settings, driver, query and JSON library. It asks nobody who they are,
looks nothing else up, measures nothing, and gives the stored fields as they are.
"""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, TypedDict, cast

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from waypost_api.main import KEEP_ALIVE_S
from waypost_api.queries.scope import Scope
from waypost_common.documents import Collection
from waypost_common.identifiers import OrganizationId, SessionId
from waypost_common.mongo import MongoDatabase, open_client, open_database
from waypost_common.settings import ServiceSettings

FIELDS: Final = (
    "session", "jid", "type", "name", "unreadCount", "markedUnread", "archived", "pinned", "mutedUntil", "lastMessageAt",
)  # fmt: skip


class State(TypedDict):
    database: MongoDatabase


def create_app(settings: ServiceSettings, organization: OrganizationId) -> Starlette:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[State]:
        async with open_client(settings.mongo, application="bare-route") as client:
            yield {"database": open_database(client, settings.mongo)}

    async def chats(request: Request) -> Response:
        scope = Scope(cast("MongoDatabase", request.state.database), 1, organization, SessionId(request.path_params["session"]))
        limit = int(request.query_params["limit"])
        conditions = scope.owned({"visible": True})
        found: list[Any] = await scope.collection(Collection.CHATS).find(conditions).sort("sortKey", 1).limit(limit + 1).to_list()
        data = [{name: chat[name] for name in FIELDS} for chat in found[:limit]]
        return Response(orjson.dumps({"data": data}), media_type="application/json")

    return Starlette(routes=[Route("/api/v1/sessions/{session}/chats", chats)], lifespan=lifespan)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.programs.bare_route", description="listChats as the least that answers it, for a benchmark."
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--organization", required=True)
    arguments = parser.parse_args()
    config = uvicorn.Config(
        create_app(ServiceSettings(), OrganizationId(arguments.organization)),
        host="127.0.0.1",
        port=arguments.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    uvicorn.Server(config).run()


if __name__ == "__main__":
    main()
