"""Settings of the ingest service."""

from typing import Annotated

from pydantic import Field

from waypost_common.settings import BatchSettings, ServiceSettings, SettingsBlock


class DeadLetterSettings(SettingsBlock):
    consecutive: Annotated[int, Field(ge=1)] = 1_000
    """Events in a row that cannot be applied before the service stops: a wrong deployment, not bad events."""
    share: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of the last `window` events that cannot be applied before the service stops."""
    window: Annotated[int, Field(ge=1)] = 10_000
    """How many of the last events of a partition `share` looks at."""


class IngestSettings(ServiceSettings):
    """Environment: `WAYPOST_<BLOCK>_<FIELD>`, for example `WAYPOST_BATCH_MAX_RECORDS=5000`."""

    batch: BatchSettings = BatchSettings()
    deadletters: DeadLetterSettings = DeadLetterSettings()
