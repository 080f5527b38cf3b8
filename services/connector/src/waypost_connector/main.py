"""The command `waypost-connector`."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from aiokafka.errors import KafkaError

from waypost_common.logs import configure_logging
from waypost_connector.ownership import Everything
from waypost_connector.replay import Replay, ReplayFailedError
from waypost_connector.replay_output import print_json, print_text, progress_to
from waypost_connector.runtime import Connector
from waypost_connector.settings import ConnectorSettings
from waypost_connector.simulated.client import SimulatedBackend

PROGRAM = "waypost-connector"
KAFKA_HELP = "Settings come from the environment: WAYPOST_KAFKA_BOOTSTRAP_SERVERS, WAYPOST_KAFKA_TOPIC_PREFIX"

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Holds WhatsApp connections and publishes what arrives to Kafka.",
)

RUN_HELP = f"""
Serve all sessions of the simulated network until SIGTERM.

{KAFKA_HELP}, WAYPOST_NETWORK_HOST, WAYPOST_NETWORK_PORT, WAYPOST_CONNECTOR_GATEWAY_ID, WAYPOST_METRICS_PORT (probes).

Example:

  WAYPOST_NETWORK_PORT=7700 waypost-connector run
"""

REPLAY_HELP = f"""
Publish the events of a file, one envelope as JSON a line, to wa.events, in the file's order.

A line that is no valid event is reported by its number and not published; the exit code is then 1. {KAFKA_HELP}.

Examples:

  waypost-connector replay events.ndjson

  zcat events.ndjson.gz | waypost-connector replay - --json

  waypost-connector replay events.ndjson --dry-run --from-line 1000
"""


@app.command(help=RUN_HELP)
def run() -> None:
    settings = ConnectorSettings()
    configure_logging(settings.log, service="connector")
    try:
        uvloop.run(_run(settings))
    except OSError as error:
        typer.echo(f"{PROGRAM}: {error}; choose another WAYPOST_METRICS_PORT", err=True)
        raise typer.Exit(1) from error
    except ExceptionGroup as errors:
        if (refusals := errors.subgroup(KafkaError)) is None:
            raise
        typer.echo(f"{PROGRAM}: Kafka refuses for good: {_first(refusals)!r}; start the connector again", err=True)
        raise typer.Exit(1) from errors


def _first(group: BaseException) -> BaseException:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group


async def _run(settings: ConnectorSettings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    backend = SimulatedBackend(settings.network, client=settings.connector.gateway_id)
    ownership = Everything(backend, refresh_seconds=settings.connector.refresh_seconds)
    await Connector(settings, backend, ownership).run(stop)


@app.command(help=REPLAY_HELP)
def replay(
    file: Annotated[Path, typer.Argument(help="The file, or - for standard input.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    from_line: Annotated[int, typer.Option(min=1, help="Skip the lines before this one.")] = 1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the lines and publish nothing.")] = False,
) -> None:
    settings = ConnectorSettings()
    configure_logging(settings.log, service="connector")
    if str(file) != "-" and not file.is_file():
        raise typer.BadParameter(f"{file} is not a file", param_hint="FILE")
    job = Replay(settings.kafka, from_line=from_line, dry_run=dry_run)
    try:
        with sys.stdin.buffer if str(file) == "-" else file.open("rb") as lines, progress_to(file) as advance:
            summary = uvloop.run(job.run(lines, advance))
    except ReplayFailedError as error:
        typer.echo(f"{PROGRAM}: {error}", err=True)
        raise typer.Exit(2) from error
    (print_json if as_json else print_text)(summary)
    if summary.bad_count:
        raise typer.Exit(1)


def main() -> None:
    app()
