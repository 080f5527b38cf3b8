"""`waypost keys create | list | revoke`."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from waypost_common.identifiers import OrganizationId, SessionId
from waypost_store.cli.output import AsJson, fail, opened_database, print_json, print_line, progress, read_settings, run
from waypost_store.errors import StoreError
from waypost_store.keys import checked_name, create_key, list_keys, parse_lifetime, parse_permissions, revoke_key
from waypost_store.setup.migrate import applied_migrations

keys = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)


@keys.command("create")
def create(  # noqa: PLR0917  (typer reads them as options)
    organization: Annotated[str, typer.Option(help="The organization that the key belongs to.")],
    permissions: Annotated[str, typer.Option(help="Comma-separated: read, send, manage, events.")] = "",
    session: Annotated[str | None, typer.Option(help="Limit the key to one session.")] = None,
    expires: Annotated[str | None, typer.Option(help="Lifetime: 12h, 90d or 4w. Without it the key does not expire.")] = None,
    operator: Annotated[bool, typer.Option("--operator", help="A key for whoever runs Waypost.")] = False,
    label: Annotated[str | None, typer.Option(help="A note to recognise the key by.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key. Its secret is printed once and cannot be shown again.

    \b
    Examples:
      waypost keys create --organization org_demo --permissions read,send
      waypost keys create --organization org_demo --permissions read --expires 90d --json
    """
    settings = read_settings()

    async def work() -> tuple[str, str]:
        checked_name(organization, "--organization")
        if session is not None:
            checked_name(session, "--session")
        if label is not None and len(label) > 200:
            raise StoreError("--label takes at most 200 characters")
        allowed = parse_permissions(permissions, operator=operator)
        lifetime_ms = None if expires is None else parse_lifetime(expires)
        async with opened_database(settings) as database:
            if not await applied_migrations(database):
                raise StoreError("the database is not set up yet: run `waypost migrate` first")
            return await create_key(
                database,
                organization=OrganizationId(organization),
                permissions=allowed,
                session=None if session is None else SessionId(session),
                lifetime_ms=lifetime_ms,
                label=label,
            )

    key, secret = run(work())
    if as_json:
        print_json({"id": key, "key": secret})
    else:
        progress(f"made {key}; this is the only time the secret is shown:")
        print_line(secret)


@keys.command("list")
def list_command(
    organization: Annotated[str | None, typer.Option(help="Only this organization's keys.")] = None,
    as_json: AsJson = False,
) -> None:
    """List keys, oldest first, without their secrets.

    \b
    Example:
      waypost keys list --organization org_demo
    """
    settings = read_settings()

    async def work() -> list[dict[str, Any]]:
        async with opened_database(settings) as database:
            return await list_keys(database, None if organization is None else OrganizationId(organization))

    found = run(work())
    if as_json:
        print_json(found)
        return
    for key in found:
        state = "revoked" if key["revokedAt"] is not None else f"expires {_day(key['expiresAt'])}"
        scope = f" session {key['session']}" if key["session"] else ""
        label = f"  {key['label']}" if key["label"] else ""
        print_line(f"{key['id']}  {key['organization']}  {','.join(key['permissions'])}{scope}  {state}{label}")
    if not found:
        progress("no keys")


@keys.command("revoke")
def revoke(key: Annotated[str, typer.Argument(help="The key's id, as `waypost keys list` shows it.")]) -> None:
    """Revoke a key. Requests with it are refused within seconds.

    \b
    Example:
      waypost keys revoke key_01J9ZX8K2QHV0M3T6R7P4N5W8C
    """
    settings = read_settings()

    async def work() -> bool:
        async with opened_database(settings) as database:
            return await revoke_key(database, key)

    if not run(work()):
        fail("there is no key with that id: see `waypost keys list`")
    print_line(f"revoked {key}")


def _day(at: int | None) -> str:
    return "never" if at is None else datetime.fromtimestamp(at / 1_000, UTC).date().isoformat()
