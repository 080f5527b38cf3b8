"""Which events a stream is for. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from waypost_api.authentication.principal import Principal
from waypost_common.api_keys import Permission
from waypost_common.errors import ForbiddenError, ValidationFailedError
from waypost_common.events import EVENT_TYPES
from waypost_common.identifiers import OrganizationId, SessionId

ALL: Final = "*"
PAIRING: Final = "auth.qr"
"""Whoever has its code can link a phone of their own to the session, which is what `manage` is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    organization: OrganizationId
    session: SessionId | None
    """None: all of the organization's."""
    events: frozenset[str]
    pairing: bool
    """Whether codes that a phone is paired with may be seen."""

    def takes(self, *, organization: str, session: str, event: str, has_code: bool) -> bool:
        return (
            self.organization == organization
            and self.session in (None, session)
            and event in self.events
            and (self.pairing or not has_code)
        )


def event_names(text: str | None) -> frozenset[str]:
    """Of `events=`: names with commas between, or `*`. Raises ValidationFailedError for a name that is none."""
    names = [name.strip() for name in (text or ALL).split(",") if name.strip()]
    if unknown := [name for name in names if name != ALL and name not in EVENT_TYPES]:
        expected = f"must be * or names with commas between, of {', '.join(EVENT_TYPES)}"
        raise ValidationFailedError(f"{len(unknown)} of the names are no event's", fields={"events": expected})
    return frozenset(EVENT_TYPES if ALL in names or not names else names)


def wish_of(principal: Principal, session: SessionId | None, events: Iterable[str], *, by_name: bool) -> Wish:
    """`by_name`: the caller named the events. Raises ForbiddenError where one was named that they may not see."""
    pairing = Permission.MANAGE in principal.permissions
    wanted = frozenset(events)
    if by_name and PAIRING in wanted and not pairing:
        raise ForbiddenError(f"{PAIRING} carries what pairs a phone with the session: it needs the capability manage as well")
    return Wish(organization=principal.organization, session=principal.session or session, events=wanted, pairing=pairing)
