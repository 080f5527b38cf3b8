"""`waypost-store`: runs the service, or prints its AsyncAPI document."""

import asyncio
import signal
import sys

import structlog
import typer
import uvloop
from aiokafka.errors import KafkaError
from pymongo.errors import PyMongoError

from waypost_common.asyncapi import asyncapi_yaml
from waypost_common.consumption import ConsumptionStoppedError
from waypost_common.logs import configure_logging
from waypost_store.app import StoreService, create_app, create_service
from waypost_store.cli.output import load_settings
from waypost_store.errors import StoreError
from waypost_store.settings import StoreSettings

log = structlog.stdlib.get_logger(__name__)

cli = typer.Typer(
    help="The store service. Settings come from the environment (WAYPOST_...).",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def asyncapi_document() -> str:
    """The document as YAML, with the default settings, so that it is the same everywhere."""
    return asyncapi_yaml(create_app(StoreSettings.model_construct()).schema)


@cli.callback(invoke_without_command=True)
def run(context: typer.Context) -> None:
    """Run the service until SIGTERM or Ctrl-C.

    \b
    Examples:
      waypost-store
      waypost-store asyncapi > asyncapi.yaml
    """
    if context.invoked_subcommand is not None:
        return
    settings = load_settings()
    configure_logging(settings.log, service="store")
    service = create_service(settings)
    try:
        uvloop.run(_serve(service))
    except* (StoreError, ConsumptionStoppedError) as errors:
        _end(str(_first(errors)))
    except* (KafkaError, PyMongoError, OSError) as errors:
        log.exception("failed")
        _end(f"{type(_first(errors)).__name__}: see `waypost doctor`")
    match service.failure:
        case None:
            log.info("stopped")
        case ConsumptionStoppedError() as stopped:
            _end(str(stopped))
        case bug:
            log.error("failed", exc_info=bug)
            _end(f"stopped by an error ({type(bug).__name__}): nothing was committed for its batch; start it again")


async def _serve(service: StoreService) -> None:
    """Returns when told to stop, also while it still waits for its servers."""
    async with asyncio.TaskGroup() as tasks:
        preparing = tasks.create_task(service.prepare(), name="prepare")
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, preparing.cancel)
    if not preparing.cancelled():
        await service.app.run()


@cli.command("asyncapi")
def asyncapi() -> None:
    """Print the AsyncAPI 3 document of this service."""
    sys.stdout.write(asyncapi_document())


def _first(errors: BaseExceptionGroup[Exception]) -> BaseException:
    error: BaseException = errors
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _end(reason: str) -> None:
    typer.echo(f"waypost-store: {reason}", err=True)
    raise typer.Exit(1)


def main() -> None:
    cli()
