"""Numbered, forward only. A module that was released is never edited: the next one builds on it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from waypost_common.mongo import MongoDatabase
from waypost_store.migrations import (
    m0001_bookkeeping,
    m0002_projections,
    m0003_instances,
    m0004_purge,
    m0005_addresses,
    m0006_connectors,
    m0007_dead_letters,
)


@dataclass(frozen=True)
class Migration:
    number: int
    description: str
    apply: Callable[[MongoDatabase], Awaitable[None]]
    """Idempotent: it is run again when a crash kept it from being recorded."""


MIGRATIONS: Final = (
    Migration(1, m0001_bookkeeping.DESCRIPTION, m0001_bookkeeping.apply),
    Migration(2, m0002_projections.DESCRIPTION, m0002_projections.apply),
    Migration(3, m0003_instances.DESCRIPTION, m0003_instances.apply),
    Migration(4, m0004_purge.DESCRIPTION, m0004_purge.apply),
    Migration(5, m0005_addresses.DESCRIPTION, m0005_addresses.apply),
    Migration(6, m0006_connectors.DESCRIPTION, m0006_connectors.apply),
    Migration(7, m0007_dead_letters.DESCRIPTION, m0007_dead_letters.apply),
)
