"""Settings of live commands."""

from typing import Annotated

from pydantic import Field

from waypost_common.settings import SettingsBlock


class SendingBlock(SettingsBlock):
    per_minute: Annotated[int, Field(ge=1, le=100_000)] = 20
    """Messages that one session may send within any minute: beyond, a send is answered 429, or waits when asynchronous."""
    per_hour: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    """The same for any hour. WhatsApp bans accounts that send like machines."""
