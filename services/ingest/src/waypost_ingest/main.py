"""`waypost-ingest`: runs the service until SIGTERM; `waypost-ingest asyncapi` prints its AsyncAPI document."""

import sys

from waypost_common.asyncapi import asyncapi_yaml
from waypost_common.environment import load_settings
from waypost_common.logs import configure_logging
from waypost_common.running import run_service, until_stopped
from waypost_ingest.app import create_app, lifespan
from waypost_ingest.settings import IngestSettings

USAGE = """usage: waypost-ingest [asyncapi | --help]

Folds the events topic into documents until SIGTERM. Settings come from the environment (docs/settings.md), for example
  WAYPOST_KAFKA_BOOTSTRAP_SERVERS=kafka:9092 WAYPOST_MONGO_URL='mongodb://mongo/?replicaSet=rs0' waypost-ingest

  asyncapi   print the AsyncAPI document of this service, and exit"""


async def serve(settings: IngestSettings) -> None:
    async with lifespan(create_app(settings)) as follower:
        await until_stopped(follower)


def main() -> None:
    match sys.argv[1:]:
        case []:
            settings = load_settings(IngestSettings, "waypost-ingest")
            configure_logging(settings.log, service="ingest")
            run_service("waypost-ingest", lambda: serve(settings))
        case ["asyncapi"]:
            sys.stdout.write(asyncapi_yaml(create_app(IngestSettings.model_construct()).asyncapi()))
        case ["-h" | "--help"]:
            sys.stdout.write(USAGE + "\n")
        case _:
            sys.exit(USAGE)
