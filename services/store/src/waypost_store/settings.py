"""Settings of the store service and of the `waypost` command."""

from typing import Annotated

from pydantic import Field

from waypost_common.settings import BatchSettings, DeviceBlock, ServiceSettings, SettingsBlock


class StoreBlock(SettingsBlock):
    batch_records: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Most commands taken at once: one claim in MongoDB and one flush to Kafka for all of them."""
    startup_timeout_s: Annotated[float, Field(ge=1, le=3_600)] = 60
    """How long to wait for Kafka and MongoDB at start, and in `waypost migrate`, before giving up."""
    operation_retention_days: Annotated[int, Field(ge=1, le=365)] = 7
    """Days until the record of a command that came by Kafka alone is removed."""
    sweep_interval_s: Annotated[float, Field(ge=0.1, le=3_600)] = 5
    """Pause between two looks for operations that nobody finished."""
    expire_after_ms: Annotated[int, Field(ge=0, le=86_400_000)] = 1_000
    """How long past its deadline a pending operation is left to its executor before it is expired."""
    push_deadline_ms: Annotated[int, Field(ge=1_000, le=600_000)] = 30_000
    """How long a connector has to tell WhatsApp of a chat's flags, from when the stored copy has them."""
    unknown_after_ms: Annotated[int, Field(ge=60_000, le=86_400_000)] = 120_000
    """How long past its deadline a started live operation is left to its connector before it is `unknown`."""
    purge_interval_s: Annotated[float, Field(ge=0.1, le=86_400)] = 300
    """Pause between two rounds of removing what nobody can see: documents of removed sessions, messages of deleted chats."""
    purge_after_s: Annotated[float, Field(ge=0, le=31_536_000)] = 60
    """How long after a session's removal its documents stay."""
    purge_batch: Annotated[int, Field(ge=1, le=10_000)] = 1_000
    """Most documents removed at once."""


class StoreSettings(ServiceSettings):
    store: StoreBlock = StoreBlock()
    devices: DeviceBlock = DeviceBlock()
    batch: BatchSettings = BatchSettings()
    """For `waypost verify`, which folds as ingest does."""
