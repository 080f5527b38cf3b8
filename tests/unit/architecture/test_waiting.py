"""Tests wait for a condition with a deadline, never for a time that was guessed."""

import ast
from collections import Counter
from collections.abc import Iterator

from tests.unit.architecture.sources import called, calls, trees

LONGEST_S = 0.1
LONGEST_STEP_S = 0.5
"""Between two looks of a loop that waits for a condition."""


def _fixed_sleeps(tree: ast.AST) -> Iterator[ast.Call]:
    looks_again = {id(call) for loop in ast.walk(tree) if isinstance(loop, ast.While) for call in calls(loop)}
    for call in calls(tree):
        if called(call) == "sleep" and call.args:
            seconds, longest = call.args[0], LONGEST_STEP_S if id(call) in looks_again else LONGEST_S
            if isinstance(seconds, ast.Constant) and isinstance(seconds.value, int | float) and seconds.value >= longest:
                yield call


def test_no_test_sleeps_for_a_fixed_time() -> None:
    found = Counter(name for name, tree in trees("tests") for _ in _fixed_sleeps(tree))
    assert found == Counter()


def test_a_fixed_sleep_is_recognised() -> None:
    source = "sleep(0.1); time.sleep(2); asyncio.sleep(0.05); sleep(x)\nwhile not found():\n    sleep(0.2)\n    sleep(0.5)"
    assert [ast.unparse(call) for call in _fixed_sleeps(ast.parse(source))] == ["sleep(0.1)", "time.sleep(2)", "sleep(0.5)"]
