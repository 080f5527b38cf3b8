"""`waypost status` and `waypost doctor`."""

from collections.abc import Mapping

import typer

from waypost_common.mongo import open_client, open_database
from waypost_common.report.lag import worst
from waypost_store.cli.output import AsJson, print_json, print_line, read_settings, run
from waypost_store.report.doctor import diagnose
from waypost_store.report.status import SystemStatus, system_status
from waypost_store.settings import StoreSettings
from waypost_store.wording import counted


def status_command(as_json: AsJson = False) -> None:
    """Show lag and members of each consumer group, dead letters, sessions, operations, clock skew, and a rebuild under way.

    \b
    Examples:
      waypost status
      waypost status --json
    """
    settings = read_settings()
    status = run(_status(settings))
    if as_json:
        print_json(status.to_json())
    else:
        for line in status_lines(status):
            print_line(line)


async def _status(settings: StoreSettings) -> SystemStatus:
    async with open_client(settings.mongo, application="waypost-status") as client:
        return await system_status(settings, client, open_database(client, settings.mongo))


def status_lines(status: SystemStatus) -> list[str]:
    """For people: one line a group, the partitions that are behind below it."""
    lines = [f"generation   {status.generation}"]
    lines += [f"generation   {one.generation} is {one.state}" for one in status.making]
    lines += [f"clock skew   {status.clock_skew_ms} ms"]
    for group, members in status.members.items():
        own = [lag for lag in status.lags if lag.group == group]
        oldest = worst(own)
        behind = "up to date" if oldest is None else f"{sum(lag.lag for lag in own)} behind, oldest {_age(oldest.oldest_ms)}"
        lines.append(f"{group}   {counted(members, 'member')}, {counted(len(own), 'partition')}, {behind}")
        lines += [f"  partition {lag.partition}   lag {lag.lag}   oldest {_age(lag.oldest_ms)}" for lag in own if lag.lag > 0]
    for found in status.dead_letters:
        reasons = ", ".join(f"{reason} {count}" for reason, count in found.by_reason.items())
        lines.append(f"{found.topic}   {counted(found.count, 'dead letter')}{f' ({reasons})' if reasons else ''}")
    lines.append(f"sessions     {_counts(status.sessions)}")
    if status.removed_sessions:
        lines.append(f"removed      {counted(status.removed_sessions, 'session')}, {status.unpurged_sessions} not purged yet")
    lines.append(f"operations   {_counts(status.operations)}")
    return lines


def doctor_command(as_json: AsJson = False) -> None:
    """Say what is wrong and what to do, one line each. Exit code 1 when something is.

    \b
    Examples:
      waypost doctor
      waypost doctor --json
    """
    settings = read_settings()
    found = run(diagnose(settings))
    if as_json:
        print_json({"healthy": not found, "findings": found})
    else:
        for line in found or ["all is well"]:
            print_line(line)
    if found:
        raise typer.Exit(1)


def _age(milliseconds: int | None) -> str:
    return "unknown" if milliseconds is None else f"{milliseconds / 1_000:.1f} s"


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {status}" for status, count in counts.items()) or "none"
