"""Options that several commands have."""

from typing import Annotated

import typer

SessionScope = Annotated[str | None, typer.Option("--session", help="Only this session.")]
OrganizationScope = Annotated[str | None, typer.Option("--organization", help="All sessions of this organization.")]
