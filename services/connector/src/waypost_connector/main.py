"""The command `waypost-connector`."""

import asyncio
import signal
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from waypost_common.device_keys import Keyring, required_keyring
from waypost_common.environment import WRONG_SETTINGS, load_settings
from waypost_common.errors import CannotRunError
from waypost_common.logs import configure_logging
from waypost_common.running import run_service
from waypost_connector.backend import Backend, BackendSettings
from waypost_connector.backends import UnknownBackendError, load_backend
from waypost_connector.guarded_backend import GuardedBackend
from waypost_connector.lines import Source
from waypost_connector.replay import Replay, ReplayFailedError
from waypost_connector.replay_output import print_json, print_text, progress_to
from waypost_connector.runtime import Connector
from waypost_connector.settings import ConnectorSettings

PROGRAM = "waypost-connector"
KAFKA_HELP = "Settings come from the environment: WAYPOST_KAFKA_BOOTSTRAP_SERVERS, WAYPOST_KAFKA_TOPIC_PREFIX"
SOME_BAD, NOT_ALL_PUBLISHED, CANNOT_RUN = 1, 3, 1
STANDARD_INPUT = 0

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Holds WhatsApp connections and publishes what arrives to Kafka.",
)

RUN_HELP = f"""
Serve the sessions of a backend until SIGTERM, sharing them with the other connectors of that backend.

{KAFKA_HELP}, WAYPOST_MONGO_URL, WAYPOST_DEVICES_KEYS (the same for all connectors: `waypost devices new-key` makes one),
WAYPOST_CONNECTOR_BACKEND, WAYPOST_CONNECTOR_GATEWAY_ID (another one for each connector), WAYPOST_METRICS_PORT (probes),
and those of the backend: of the simulated one WAYPOST_NETWORK_HOST, WAYPOST_NETWORK_PORT and WAYPOST_NETWORK_SECRET.

Exit code: 0 after SIGTERM; 1 when Kafka or MongoDB refuses for good, a port is taken, another connector runs under the same
gateway id, or the clock is more than 5 s off MongoDB's; 2 wrong settings, or a backend that no installed package has.

Examples:

  WAYPOST_NETWORK_PORT=7700 waypost-connector run

  WAYPOST_CONNECTOR_GATEWAY_ID=connector-2 waypost-connector run
"""

REPLAY_HELP = f"""
Publish the events of a file, one envelope as JSON a line, to wa.events, in the file's order.

A line that is no valid event is not published: standard error tells its number, the field and what is expected.
{KAFKA_HELP}.

Exit code: 0 everything is published; 1 there were bad lines, the others are published; 2 wrong options, settings or file, nothing
is published; 3 Kafka does not take it. To replay a file again does no harm: an event that comes twice changes nothing.

Examples:

  waypost-connector replay events.ndjson

  zcat events.ndjson.gz | waypost-connector replay - --json

  waypost-connector replay events.ndjson --dry-run --from-line 1000
"""


@app.command(help=RUN_HELP)
def run() -> None:
    settings = load_settings(ConnectorSettings, PROGRAM)
    configure_logging(settings.log, service="connector")
    backend = _backend(settings)
    keyring = required_keyring(settings.devices, PROGRAM)
    run_service(PROGRAM, lambda: _run(settings, backend, keyring))


def _backend(settings: ConnectorSettings) -> Backend:
    block = settings.connector
    try:
        return GuardedBackend(load_backend(block.backend, BackendSettings(gateway_id=block.gateway_id)))
    except (UnknownBackendError, CannotRunError) as error:
        typer.echo(f"{PROGRAM}: {error}", err=True)
        raise typer.Exit(WRONG_SETTINGS if isinstance(error, UnknownBackendError) else CANNOT_RUN) from error


async def _run(settings: ConnectorSettings, backend: Backend, keyring: Keyring) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await Connector(settings, backend, keyring).run(stop)


@app.command(help=REPLAY_HELP)
def replay(
    file: Annotated[Path, typer.Argument(help="The file, or - for standard input.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    from_line: Annotated[int, typer.Option(min=1, help="Skip the lines before this one.")] = 1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the lines and publish nothing.")] = False,
) -> None:
    settings = load_settings(ConnectorSettings, PROGRAM)
    configure_logging(settings.log, service="connector")
    job = Replay(settings.kafka, from_line=from_line, dry_run=dry_run)
    try:
        with _opened(file) as source, progress_to(file) as advance:
            summary = uvloop.run(job.run(source, advance))
    except ReplayFailedError as error:
        typer.echo(f"{PROGRAM}: {error}", err=True)
        raise typer.Exit(NOT_ALL_PUBLISHED) from error
    (print_json if as_json else print_text)(summary)
    if summary.bad_count:
        raise typer.Exit(SOME_BAD)


def _opened(file: Path) -> AbstractContextManager[Source]:
    try:
        return open(STANDARD_INPUT, "rb", closefd=False) if str(file) == "-" else file.open("rb")
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="FILE") from error


def main() -> None:
    app()
