"""Garbage is looked for seldom."""

import gc
from collections.abc import Iterator

import pytest

from waypost_common.garbage import THRESHOLDS, collect_seldom


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_a_process_that_serves_looks_for_garbage_after_a_batch_not_amid_it() -> None:
    collect_seldom()
    assert gc.get_threshold() == THRESHOLDS
    assert gc.get_freeze_count() > 0
