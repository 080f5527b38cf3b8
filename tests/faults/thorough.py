"""Which cases `make faults` runs beside those of `make test`, whose time is bounded."""

import os
from typing import Final

import pytest

ALL: Final = "WAYPOST_TEST_ALL_FAULTS"
"""Set by `make faults`."""

ALL_ARE_WANTED: Final = bool(os.environ.get(ALL))

thorough = pytest.mark.skipif(not ALL_ARE_WANTED, reason="`make faults` runs it")
