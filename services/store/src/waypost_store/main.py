"""`waypost-store`: runs the service, or prints its AsyncAPI document."""

import asyncio
import signal
import sys

import structlog
import typer

from waypost_common.asyncapi import asyncapi_yaml
from waypost_common.environment import load_settings
from waypost_common.logs import configure_logging
from waypost_common.running import run_service
from waypost_store.app import StoreService, create_app, create_service
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
    settings = load_settings(StoreSettings, "waypost-store")
    configure_logging(settings.log, service="store")
    service = create_service(settings)
    run_service("waypost-store", lambda: _serve(service))
    log.info("stopped")


async def _serve(service: StoreService) -> None:
    """Returns when told to stop, also while it still waits for its servers. Raises what ended the service."""
    async with asyncio.TaskGroup() as tasks:
        preparing = tasks.create_task(service.prepare(), name="prepare")
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, preparing.cancel)
    if preparing.cancelled():
        return
    await service.app.run()
    if service.failure is not None:
        raise service.failure


@cli.command("asyncapi")
def asyncapi() -> None:
    """Print the AsyncAPI 3 document of this service."""
    sys.stdout.write(asyncapi_document())


def main() -> None:
    cli()
