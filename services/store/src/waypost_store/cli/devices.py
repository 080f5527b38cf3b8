"""`waypost devices new-key | list | rekey`."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import SecretStr

from waypost_common.device_keys import Keyring, key_id, new_device_key, required_keyring
from waypost_common.identifiers import SessionId
from waypost_common.settings import DeviceBlock
from waypost_store.cli.output import AsJson, fail, opened_database, print_json, print_line, progress, read_settings, run
from waypost_store.cli.progress import ProgressOutput
from waypost_store.devices import DeviceLine, KeyState, list_devices
from waypost_store.rekeying import Rekeyed, Rekeying
from waypost_store.wording import counted

devices = typer.Typer(help="Make and rotate the keys that seal what sessions log in with.", no_args_is_help=True)


@devices.command("new-key")
def new_key(as_json: AsJson = False) -> None:
    """Print a new key for WAYPOST_DEVICES_KEYS. It is kept nowhere: put it where your other secrets are, and into a backup.

    Beside others it goes behind them first. Once every connector has been restarted with it, put it in front, and restart them
    again: it then seals what they save, and each of them can open that. `waypost devices rekey` comes last.

    \b
    Examples:
      waypost devices new-key
      WAYPOST_DEVICES_KEYS="$WAYPOST_DEVICES_KEYS,$(waypost devices new-key)"
    """
    key = new_device_key()
    name = key_id(*DeviceBlock(keys=SecretStr(key)).decoded())
    if as_json:
        print_json({"keyId": name, "key": key})
    else:
        progress(
            f"a new key, {name}, for WAYPOST_DEVICES_KEYS; where there are others put it behind them and a comma, and in front "
            "only once every connector has been restarted with it:"
        )
        print_line(key)


@devices.command("list")
def list_command(
    session: Annotated[str | None, typer.Option(help="Only this session's.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the sessions' devices: who has them, and which key seals their keys. Never the keys.

    \b
    Examples:
      waypost devices list
      waypost devices list --session 01J9ZX8K2QHV0M3T6R7P4N5W8C --json
    """
    settings = read_settings()
    keyring = Keyring.from_settings(settings.devices)

    async def work() -> list[DeviceLine]:
        async with opened_database(settings) as database:
            chosen = None if session is None else SessionId(session)
            return [line async for line in list_devices(database, keyring, chosen)]

    found = run(work())
    if session is not None and not found:
        fail("there is no device of that session: see `waypost devices list`")
    if keyring is None:
        progress("WAYPOST_DEVICES_KEYS is not set: whether it has the keys named here is not known")
    if as_json:
        print_json([line.to_json() for line in found])
        return
    for line in found:
        print_line(text_of(line))
    if not found:
        progress("no devices")


@devices.command("rekey")
def rekey(
    as_json: AsJson = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Open all, say what would be done, and write nothing.")] = False,
) -> None:
    """Seal with the first key of WAYPOST_DEVICES_KEYS all that is sealed with another of them.

    Do it once every connector has that key: one without it could not open what is sealed with it. Sessions go on meanwhile, and
    nothing that they save is lost. It may be interrupted and repeated at any time. Exit code 1 when some could not be opened:
    they stay as they are.

    \b
    Examples:
      waypost devices rekey --dry-run
      waypost devices rekey
    """
    settings = read_settings()
    keyring = required_keyring(settings.devices, "waypost")

    async def work() -> Rekeyed:
        async with opened_database(settings) as database:
            with ProgressOutput("nothing is lost; run it again for the others") as shown:
                return await Rekeying(database, keyring, dry_run=dry_run).run(lambda result: shown.report(_of(result)))

    result = run(work())
    if as_json:
        print_json(result.to_json() | {"dryRun": dry_run})
    else:
        for failure in result.failed:
            progress(f"failed: {failure.reason}")
        print_line(summary(result, dry_run=dry_run))
    if result.failed:
        raise typer.Exit(1)


def summary(result: Rekeyed, *, dry_run: bool) -> str:
    done = "would be sealed" if dry_run else "sealed"
    sealed = f"{counted(result.rekeyed, 'session')} {done} with {result.key_id}, {result.current} already so"
    gone = f", {result.gone} gone meanwhile" if result.gone else ""
    failed = f", {len(result.failed)} failed" if result.failed else ""
    return sealed + gone + failed


def text_of(line: DeviceLine) -> str:
    keys = "no keys"
    if line.key_id is not None:
        states = {KeyState.OLDER: " (not the newest)", KeyState.UNKNOWN: " (not in WAYPOST_DEVICES_KEYS)"}
        keys = f"key {line.key_id}" + (states.get(line.key_state, "") if line.key_state is not None else "")
    saved = "" if line.keys_saved_at is None else f"  saved {_time(line.keys_saved_at)}"
    held = "held by nobody" if line.holder is None else f"held by {line.holder}"
    return f"{line.session}  {line.organization or '-'}  {line.backend or '-'}  fence {line.fence or 0}  {held}  {keys}{saved}"


def _of(result: Rekeyed) -> str:
    return f"{result.done} of {counted(result.found, 'session')}"


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
