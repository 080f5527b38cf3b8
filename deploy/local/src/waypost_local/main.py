"""The command `waypost-local`."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from waypost_local import control
from waypost_local.errors import LocalError
from waypost_local.folder import DataFolder
from waypost_local.foreground import detached_command, run_in_terminal, say, welcome_text
from waypost_local.plan import Options

app = typer.Typer(
    help="Runs Waypost on this machine without containers: Kafka, MongoDB, every service, a simulated WhatsApp.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

DEFAULTS = Options()
Data = Annotated[Path, typer.Option("--data", metavar="FOLDER", help="Folder that keeps data, keys and logs.")]
Port = Annotated[int, typer.Option(min=1, max=65_535, metavar="PORT")]


@app.command()
def up(  # noqa: PLR0917 - each is an option of the command
    data: Data = DEFAULTS.data,
    api_port: Port = DEFAULTS.api_port,
    kafka_port: Port = DEFAULTS.kafka_port,
    mongo_port: Port = DEFAULTS.mongo_port,
    no_simulation: Annotated[bool, typer.Option("--no-simulation", help="No simulated WhatsApp, no connector.")] = False,
    connectors: Annotated[
        int,
        typer.Option(min=1, max=10, metavar="NUMBER", help="They share the sessions: freeze one (kill -STOP) and see them move."),
    ] = DEFAULTS.connectors,
    detach: Annotated[bool, typer.Option("--detach", help="Return once all is ready; stop with `down`.")] = False,
) -> None:
    """Start everything and show live figures until Ctrl-C. Data survives.

    WAYPOST_KAFKA_BOOTSTRAP_SERVERS and WAYPOST_MONGO_URL name servers to use instead of starting our own.

    \b
    Examples:
      waypost-local up
      waypost-local up --detach --api-port 8081
      waypost-local up --connectors 3
      waypost-local up --data /tmp/second --api-port 8081 --kafka-port 9192 --mongo-port 27117
    """
    options = Options(data.absolute(), api_port, kafka_port, mongo_port, simulation=not no_simulation, connectors=connectors)
    if len({api_port, kafka_port, mongo_port}) < 3:
        raise LocalError("--api-port, --kafka-port and --mongo-port must differ")
    if not detach:
        run_in_terminal(options)
        return
    control.start_detached(DataFolder(options.data), detached_command(options))
    say(welcome_text(options))


@app.command()
def down(data: Data = DEFAULTS.data) -> None:
    """Stop what `up` started on this folder. Data survives.

    \b
    Examples:
      waypost-local down
      waypost-local down --data /tmp/second
    """
    say("stopped" if control.stop(DataFolder(data.absolute())) else "nothing was running")


@app.command()
def status(
    data: Data = DEFAULTS.data,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what runs, with pids and logs.

    \b
    Examples:
      waypost-local status
      waypost-local status --json
    """
    found = control.status(DataFolder(data.absolute()))
    if as_json:
        say(json.dumps(found, indent=2))
        return
    say(f"{found['state']} ({found['data']})")
    for service in found["services"]:
        say(f"  {service['name']:<18} {service['state']:<8} {service['pid'] or '-':<8} {service['log']}")
    if found["error"]:
        say(f"  {found['error']}")


@app.command()
def env(data: Data = DEFAULTS.data) -> None:
    """Print the running system's settings as shell exports. They hold its secrets.

    \b
    Examples:
      eval "$(waypost-local env)"
      curl -H "x-api-key: $WAYPOST_DEMO_KEY" $WAYPOST_API_URL/api/v1/sessions
    """
    say(control.exports(DataFolder(data.absolute())))


def main() -> None:
    try:
        app()
    except LocalError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(1)
