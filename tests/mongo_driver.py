"""With which driver tests, and the services that they start, speak to MongoDB: `WAYPOST_MONGO_DRIVER`, as for all services."""

import os
from typing import Any, Final

from waypost_common.settings import MongoSettings

DRIVER: Final[Any] = os.environ.get("WAYPOST_MONGO_DRIVER") or MongoSettings().driver
