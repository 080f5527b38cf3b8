"""With which driver tests, and the services that they start, speak to MongoDB: `WAYPOST_MONGO_DRIVER`, as for all services."""

import os
from typing import Any, Final

from waypost_common.settings import MongoSettings

VARIABLE: Final = "WAYPOST_MONGO_DRIVER"
DRIVER: Final[Any] = os.environ.get(VARIABLE) or MongoSettings().driver
