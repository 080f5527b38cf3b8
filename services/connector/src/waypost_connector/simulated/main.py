"""The command `waypost-simulated-network`."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from waypost_common.environment import load_settings
from waypost_common.fields import OrganizationIdField
from waypost_common.identifiers import FOREVER, EpochMs, OrganizationId
from waypost_common.logs import configure_logging
from waypost_common.running import run_service
from waypost_connector.simulated.faults import HELP as FAULTS_HELP
from waypost_connector.simulated.faults import Faults
from waypost_connector.simulated.generator import Pace
from waypost_connector.simulated.network import WorldOptions, run_network
from waypost_connector.simulated.phrases import LANGUAGES
from waypost_connector.simulated.protocol import ProtocolError
from waypost_connector.simulated.record import Retention
from waypost_connector.simulated.settings import NetworkSettings
from waypost_connector.simulated.world import DEFAULT_ORGANIZATION

PROGRAM = "waypost-simulated-network"
MEBIBYTE = 1024 * 1024

EXAMPLES = f"""
A network that plays WhatsApp, for demonstrations, tests and load. It holds sessions with chats, makes events arrive in them, and
hands these to whoever logs in until they are acknowledged. It does what they ask for, sends messages and makes channels, and
accepts the pairing codes of new sessions. Its address comes from WAYPOST_NETWORK_HOST and WAYPOST_NETWORK_PORT (127.0.0.1:7700),
that of its probes from WAYPOST_METRICS_HOST and WAYPOST_METRICS_PORT.

Examples:

  waypost-simulated-network --data ./network

  waypost-simulated-network --data ./network --sessions 50 --chats 200 --rate 500 --history 1000

  waypost-simulated-network --data ./fixed --seed 7 --events 10000 --once --start-time 1719662400000

  waypost-simulated-network --data ./faulty --fault slow,operation=message.send,seconds=5 --fault lose,times=1
{FAULTS_HELP}"""

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def _languages(text: str) -> str:
    unknown = sorted(set(text.split(",")) - set(LANGUAGES))
    if unknown:
        raise typer.BadParameter(f"no phrases in {', '.join(unknown)}; there are {','.join(LANGUAGES)}")
    return text


def _organization(text: str) -> str:
    try:
        return TypeAdapter(OrganizationIdField).validate_python(text)
    except ValidationError as error:
        raise typer.BadParameter(error.errors(include_input=False)[0]["msg"]) from error


def _faults(texts: list[str]) -> Faults:
    faults = Faults()
    for text in texts:
        try:
            faults.option(text)
        except ProtocolError as error:
            raise typer.BadParameter(str(error), param_hint="'--fault'") from error
    return faults


@app.command(help=EXAMPLES)
def run(  # noqa: PLR0917 - each parameter is an option
    data: Annotated[Path, typer.Option(help="Folder of the network's state and of its record, record.ndjson. Made if missing.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same sessions, chats and stream.")] = 1,
    sessions: Annotated[int, typer.Option(min=1, max=100_000)] = 3,
    chats: Annotated[int, typer.Option(min=1, max=100_000, help="Chats of each session.")] = 40,
    rate: Annotated[float, typer.Option(min=0, max=1e6, help="Live events a second in all; 0: as fast as they are taken.")] = 5.0,
    history: Annotated[int, typer.Option(min=0, max=1_000_000, help="Messages that a session gets at its first login.")] = 200,
    organization: Annotated[str, typer.Option(callback=_organization, help="It owns the sessions.")] = DEFAULT_ORGANIZATION,
    languages: Annotated[str, typer.Option(callback=_languages, help="Languages that people write in.")] = ",".join(LANGUAGES),
    queue: Annotated[int, typer.Option(min=1, max=10_000_000, help="Events that a session may have waiting.")] = 20_000,
    events: Annotated[int | None, typer.Option(min=1, help="Make this many and no more; go on serving.")] = None,
    once: Annotated[bool, typer.Option("--once", help="With --events: end once all of them are acknowledged.")] = False,
    scan_seconds: Annotated[
        float, typer.Option(min=0, max=86_400, help="A pairing code is accepted after this long; 0: never.")
    ] = 10.0,
    fault: Annotated[list[str] | None, typer.Option(help="Something that goes wrong: see above.")] = None,
    record_mebibytes: Annotated[int, typer.Option(min=1, max=100_000, help="Size at which record.ndjson is put by.")] = 32,
    record_files: Annotated[int, typer.Option(min=0, max=100_000, help="How many of these are kept; 0: all.")] = 8,
    start_time: Annotated[
        int | None, typer.Option(min=0, max=FOREVER, help="Epoch ms of each session's first event: repeatable times.")
    ] = None,
) -> None:
    if once and events is None:
        raise typer.BadParameter("--once needs --events")
    settings = load_settings(NetworkSettings, PROGRAM)
    configure_logging(settings.log, service="simulated-network")
    options = WorldOptions(
        seed=seed,
        sessions=sessions,
        chats=chats,
        history=history,
        organization=OrganizationId(organization),
        languages=tuple(languages.split(",")),
        scan_seconds=scan_seconds,
    )
    pace = Pace(rate=rate, queue=queue, events=events, start=None if start_time is None else EpochMs(start_time))
    retention = Retention(file_bytes=record_mebibytes * MEBIBYTE, files=record_files)
    faults = _faults(fault or [])
    run_service(PROGRAM, lambda: run_network(settings, data, options, pace, faults=faults, retention=retention, once=once))


def main() -> None:
    app()
