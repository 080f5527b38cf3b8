"""Tests wait for a condition with a deadline, never for a time that was guessed."""

import ast
import re
from collections import Counter
from collections.abc import Iterator

from tests.unit.architecture.sources import called, calls, modules, parsed

SLEEP = "sleep"
MAY_SLEEP = {"tests/processes.py", "tests/pacing.py"}
"""Between two looks at a condition; at the rate of a load."""
IN_A_PROGRAM = re.compile(rf"\b{SLEEP}\((?!0?\))")
"""In the text of a program that a test runs."""


def sleeps(tree: ast.AST) -> Iterator[ast.expr]:
    """All but those of 0 s, which let others run and take no time."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and IN_A_PROGRAM.search(node.value):
            yield node
    for call in calls(tree):
        if called(call) == SLEEP and [ast.unparse(one) for one in call.args] != ["0"]:
            yield call


def test_no_test_sleeps() -> None:
    suspects = [(name, path) for name, path in modules("tests") if name not in MAY_SLEEP and SLEEP in path.read_text()]
    assert Counter(name for name, path in suspects for _ in sleeps(parsed(path))) == Counter()


def test_a_sleep_is_recognised() -> None:
    calls = [f"{SLEEP}(0.1)", f"time.{SLEEP}(2)", f"asyncio.{SLEEP}(x)", f"{SLEEP}(delay=1)"]
    program = f"'import time; time.{SLEEP}(60)'"
    tree = ast.parse("\n".join([*calls, f"asyncio.{SLEEP}(0)", program, f"'{SLEEP}'"]))
    assert [ast.unparse(one) for one in sleeps(tree)] == [program, *calls]
