"""The `waypost` command's entry point."""

import typer

from waypost_store.cli.devices import devices
from waypost_store.cli.dlq import dlq
from waypost_store.cli.erase import erase_command
from waypost_store.cli.keys import keys
from waypost_store.cli.migrate import migrate_command
from waypost_store.cli.rebuild import generations, rebuild_command
from waypost_store.cli.retention import retention_command
from waypost_store.cli.status import doctor_command, status_command
from waypost_store.cli.transfer import export_command, import_command
from waypost_store.cli.verify import verify_command

cli = typer.Typer(
    help="Operate Waypost. Settings come from the environment (WAYPOST_...), as for the services.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
cli.command("migrate")(migrate_command)
cli.command("status")(status_command)
cli.command("doctor")(doctor_command)
cli.command("verify")(verify_command)
cli.command("rebuild")(rebuild_command)
cli.command("export")(export_command)
cli.command("import")(import_command)
cli.command("retention")(retention_command)
cli.command("erase")(erase_command)
cli.add_typer(keys, name="keys")
cli.add_typer(devices, name="devices")
cli.add_typer(dlq, name="dlq")
cli.add_typer(generations, name="generations")


def main() -> None:
    cli()
