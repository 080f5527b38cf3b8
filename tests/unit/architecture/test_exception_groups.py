"""What Debian 12's Python, 3.11.2, does otherwise than later ones."""

import ast
from collections.abc import Iterator

from tests.unit.architecture.sources import CODE, trees


def raised_in_groups(tree: ast.AST) -> Iterator[ast.Raise]:
    """Each `raise` of another error within an `except*`; one without an error passes on what was caught."""
    for node in ast.walk(tree):
        if isinstance(node, ast.TryStar):
            for handler in node.handlers:
                yield from (one for one in ast.walk(handler) if isinstance(one, ast.Raise) and one.exc is not None)


def test_no_other_error_is_raised_within_an_except_star_which_would_be_put_into_a_group_again() -> None:
    assert [f"{name}:{found.lineno}" for name, tree in trees(*CODE) for found in raised_in_groups(tree)] == []
