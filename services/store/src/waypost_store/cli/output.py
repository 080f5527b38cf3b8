"""How every command prints, waits and fails: results on standard output, all else on standard error."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Annotated, Any, NoReturn, TypeVar

import orjson
import typer
from aiokafka.errors import KafkaError
from pymongo.errors import PyMongoError

from waypost_common.environment import load_settings
from waypost_common.errors import CannotRunError
from waypost_common.garbage import collect_seldom
from waypost_common.logs import configure_logging
from waypost_common.malloc_arenas import limit_malloc_arenas
from waypost_common.mongo import MongoDatabase, open_client, open_database
from waypost_common.running import reason_of
from waypost_common.settings import LogSettings
from waypost_store.settings import StoreSettings

T = TypeVar("T")
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON value.")]


def progress(line: str) -> None:
    typer.echo(line, err=True)


def print_json(value: Any) -> None:
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode() + "\n")


def print_line(line: str = "") -> None:
    sys.stdout.write(f"{line}\n")


def fail(message: str, code: int = 1) -> NoReturn:
    typer.echo(f"waypost: {message}", err=True)
    raise typer.Exit(code)


def confirm(question: str, *, otherwise: str) -> None:
    """Ends the command unless somebody answers yes. `otherwise`: what that means."""
    if not sys.stdin.isatty():
        fail("nobody can be asked here: look with --dry-run, then say --yes")
    # Not by typer.confirm, which writes a space to standard output.
    typer.echo(f"{question} [y/N] ", nl=False, err=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        fail(otherwise)


def read_settings() -> StoreSettings:
    """Ends the command with the name of the variable when a setting is wrong."""
    settings = load_settings(StoreSettings, "waypost")
    # Commands print their own lines, one for each error; aiokafka would add its own for every attempt.
    configure_logging(LogSettings(level="error", format="console"), service="waypost")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    return settings


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs a command to its end; every expected error becomes one line and exit code 1."""
    limit_malloc_arenas()
    collect_seldom()
    try:
        return asyncio.run(work)
    except* (CannotRunError, KafkaError, PyMongoError) as errors:
        reason = reason_of(errors)
    fail(reason)


@asynccontextmanager
async def opened_database(settings: StoreSettings) -> AsyncIterator[MongoDatabase]:
    async with open_client(settings.mongo, application="waypost") as client:
        yield open_database(client, settings.mongo)
