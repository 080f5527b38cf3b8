"""Every answer that the OpenAPI document promises has a test here that got it from the running system."""

from pathlib import Path
from typing import Final

import pytest
from tests.end_to_end.live.contract import operations

HERE: Final = Path(__file__).parent

UNSEEN: Final = {(one.id, 500) for one in operations().values() if 500 in one.answers}
"""Documented answers without a test in this folder: a fault of the gateway cannot be asked for from outside."""


def test_every_documented_answer_is_seen_by_a_test(request: pytest.FixtureRequest) -> None:
    """Each test of this folder fails unless it sees what its marks say; here the marks are held against the document."""
    items = [item for item in request.session.items if item.path.parent == HERE]
    chosen = {item.path for item in items}
    if chosen != set(HERE.glob("test_*.py")) or request.config.getoption("keyword"):
        pytest.skip("only a part of the folder runs")
    marks = [mark for item in items for mark in item.iter_markers("sees")]
    seen = {(mark.args[0], status) for mark in marks for status in mark.args[1]}
    documented = {(one.id, status) for one in operations().values() for status in one.answers}
    assert documented - seen == UNSEEN
    assert seen <= documented
