"""`up` as it runs: in a terminal, or as the process behind `up --detach` (`python -m waypost_local.foreground`)."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import closing

from pydantic import TypeAdapter

from waypost_local.errors import LocalError
from waypost_local.figures import Figures, FigureSource, line
from waypost_local.folder import DataFolder
from waypost_local.plan import Options, make_plan
from waypost_local.record import read_record
from waypost_local.screen import Screen
from waypost_local.servers import choose_kafka, choose_mongo
from waypost_local.supervisor import Supervisor, supervise
from waypost_local.welcome import welcome


def make_supervisor(options: Options, say: Callable[[str], None]) -> Supervisor:
    if sys.platform != "linux":
        raise LocalError(f"this runs on Linux only, and here is {sys.platform}: use `docker compose up` instead")
    folder = DataFolder(options.data)
    folder.create()
    servers = [choose_mongo(folder, options.mongo_port), choose_kafka(folder, options.kafka_port)]
    mongo, kafka = (server.address for server in servers)
    return Supervisor(folder, servers, make_plan(options, folder, kafka=kafka, mongo=mongo), say)


def run_in_terminal(options: Options) -> None:
    """Blocks until Ctrl-C. Prints where things are, then a line of figures a second: in place on a terminal."""
    screen = Screen(sys.stdout)
    supervisor = make_supervisor(options, screen.say)
    figures = FigureSource(
        [process.metrics_url for process in supervisor.plan.processes],
        supervisor.plan.environment["WAYPOST_MONGO_URL"],
        os.environ.get("WAYPOST_MONGO_DATABASE", "waypost"),
    )
    last: Figures | None = None

    def show_figures() -> None:
        nonlocal last
        before = last or figures.measure()
        time.sleep(1)
        last = figures.measure()
        screen.show(line(before, last))

    with closing(figures), closing(screen):
        supervise(supervisor, lambda: screen.say(welcome_text(options)), show_figures)


def welcome_text(options: Options) -> str:
    record = read_record(DataFolder(options.data).record)
    if record is None:
        raise LocalError(f"nothing runs on {options.data}")
    return welcome(record, options.api_port, wait_for_chats=options.simulation)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def detached_command(options: Options) -> list[str]:
    return [sys.executable, "-m", "waypost_local.foreground", to_json(options)]


def to_json(options: Options) -> str:
    return TypeAdapter(Options).dump_json(options).decode()


def run_detached(text: str) -> int:
    """The process behind `up --detach`: no terminal, no figures. Its output is the supervisor's log."""
    options = TypeAdapter(Options).validate_json(text)
    try:
        supervise(make_supervisor(options, say), lambda: say("Waypost runs"), lambda: time.sleep(1))
    except LocalError as error:
        say(f"error: {error}")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(run_detached(sys.argv[1]))
