"""The caller, once authenticated."""

from dataclasses import dataclass
from typing import Final, Literal

from waypost_common.api_keys import Permission
from waypost_common.commands import Actor
from waypost_common.errors import ForbiddenError
from waypost_common.identifiers import OrganizationId, SessionId

ORGANIZATION_PERMISSIONS: Final = frozenset({Permission.READ, Permission.SEND, Permission.MANAGE, Permission.EVENTS})
ROLE_PERMISSIONS: Final = {
    "owner": ORGANIZATION_PERMISSIONS,
    "admin": ORGANIZATION_PERMISSIONS,
    "member": frozenset({Permission.READ, Permission.SEND}),
}
SUPER_ADMIN: Final = "super_admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    kind: Literal["api_key", "user"]
    id: str
    organization: OrganizationId
    """Empty for a super_admin, who belongs to none and reaches only /admin."""
    permissions: frozenset[Permission]
    session: SessionId | None = None
    """The only session that a restricted key reaches."""
    super_admin: bool = False

    def require(self, capabilities: frozenset[Permission]) -> None:
        """Raises ForbiddenError unless the caller has at least one of `capabilities`."""
        if self.permissions.isdisjoint(capabilities):
            wanted = " or ".join(sorted(capability.value for capability in capabilities))
            raise ForbiddenError(f"this operation needs the capability {wanted}")

    def require_super_admin(self) -> None:
        if not self.super_admin:
            raise ForbiddenError("this operation is for platform administrators")

    def reaches(self, session: str) -> bool:
        return self.session is None or self.session == session

    def actor(self) -> Actor:
        return Actor(kind=self.kind, id=self.id)
