"""Who acted when, by the network's own record: whether somebody acted on a session that had moved on."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from waypost_connector.simulated.record import Act, acts


class Breach(NamedTuple):
    """An act by somebody whose time was over."""

    act: Act
    newest: Act
    """The login that came before it and should have ended it."""


def breaches(lines: Iterable[Mapping[str, Any]]) -> list[Breach]:
    """The acts under a lower fence than that of an earlier login to the session, or under the same one by another client.

    Logins without a fence say nothing about who may act, nor do acts on their connections.
    """
    newest: dict[str, Act] = {}
    found: list[Breach] = []
    for act in sorted(acts(lines), key=lambda act: act.at):
        if act.fence is None:
            continue
        before = newest.get(act.session)
        if before is not None and _is_over(act, before):
            found.append(Breach(act, before))
        elif act.kind == "logged_in":
            newest[act.session] = act
    return found


def _is_over(act: Act, newest: Act) -> bool:
    return (act.fence or 0) < (newest.fence or 0) or (act.fence == newest.fence and act.client != newest.client)
