"""The command `waypost-simulated-network`."""

import sqlite3
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from waypost_common.identifiers import FOREVER, EpochMs, OrganizationId
from waypost_common.logs import configure_logging
from waypost_connector.settings import NetworkSettings
from waypost_connector.simulated.generator import Pace
from waypost_connector.simulated.network import WorldOptions, run_network
from waypost_connector.simulated.phrases import LANGUAGES
from waypost_connector.simulated.storage import OtherWorldError

EXAMPLES = """
A network that plays WhatsApp, for demonstrations, tests and load. It holds sessions with chats, makes events arrive in them, and
hands these to whoever logs in until they are acknowledged. Its address comes from WAYPOST_NETWORK_HOST and WAYPOST_NETWORK_PORT
(127.0.0.1:7700), that of its probes from WAYPOST_METRICS_HOST and WAYPOST_METRICS_PORT.

Examples:

  waypost-simulated-network --data ./network

  waypost-simulated-network --data ./network --sessions 50 --chats 200 --rate 500 --history 1000

  waypost-simulated-network --data ./fixed --seed 7 --events 10000 --once --start-time 1719662400000
"""

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def _languages(text: str) -> str:
    unknown = sorted(set(text.split(",")) - set(LANGUAGES))
    if unknown:
        raise typer.BadParameter(f"no phrases in {', '.join(unknown)}; there are {','.join(LANGUAGES)}")
    return text


@app.command(help=EXAMPLES)
def run(  # noqa: PLR0917 - each parameter is an option
    data: Annotated[Path, typer.Option(help="Folder of the network's state and of its record, record.ndjson. Made if missing.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same sessions, chats and stream.")] = 1,
    sessions: Annotated[int, typer.Option(min=1, max=100_000)] = 3,
    chats: Annotated[int, typer.Option(min=1, max=100_000, help="Chats of each session.")] = 40,
    rate: Annotated[float, typer.Option(min=0, max=1e6, help="Live events a second in all; 0: as fast as they are taken.")] = 5.0,
    history: Annotated[int, typer.Option(min=0, max=1_000_000, help="Messages that a session gets at its first login.")] = 200,
    organization: Annotated[str, typer.Option(help="Organization that owns the sessions.")] = "org_demo",
    languages: Annotated[str, typer.Option(callback=_languages, help="Languages that people write in.")] = ",".join(LANGUAGES),
    queue: Annotated[int, typer.Option(min=1, max=10_000_000, help="Events that a session may have waiting.")] = 20_000,
    events: Annotated[int | None, typer.Option(min=1, help="Make this many and no more; go on serving.")] = None,
    once: Annotated[bool, typer.Option("--once", help="With --events: end once all of them are acknowledged.")] = False,
    start_time: Annotated[
        int | None, typer.Option(min=0, max=FOREVER, help="Epoch ms of each session's first event: repeatable times.")
    ] = None,
) -> None:
    if once and events is None:
        raise typer.BadParameter("--once needs --events")
    settings = NetworkSettings()
    configure_logging(settings.log, service="simulated-network")
    options = WorldOptions(
        seed=seed,
        sessions=sessions,
        chats=chats,
        history=history,
        organization=OrganizationId(organization),
        languages=tuple(languages.split(",")),
    )
    pace = Pace(rate=rate, queue=queue, events=events, start=None if start_time is None else EpochMs(start_time))
    try:
        uvloop.run(run_network(settings, data, options, pace, once=once))
    except OtherWorldError as error:
        typer.echo(f"waypost-simulated-network: {error}", err=True)
        raise typer.Exit(2) from error
    except (OSError, sqlite3.Error) as error:
        typer.echo(f"waypost-simulated-network: {error}; see WAYPOST_NETWORK_PORT, WAYPOST_METRICS_PORT and --data", err=True)
        raise typer.Exit(1) from error


def main() -> None:
    app()
