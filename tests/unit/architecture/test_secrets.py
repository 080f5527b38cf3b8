"""What is secret is compared in a time that does not depend on how much of it was guessed: `hmac.compare_digest`, never `==`.

API keys are not compared at all: they are looked up by their hash. Login tokens are checked with public keys.
"""

import ast
import re
from collections.abc import Iterator

import pytest
from tests.unit.architecture.sources import CODE, trees

NAMED = re.compile(r"(^|_)(secret|password|token|mac|signature|api_key|device_key|credential)$")
COMPARING = (ast.Eq, ast.NotEq, ast.In, ast.NotIn)
TIMELESS = {"None", "''"}
"""Whether there is one at all may be asked."""


def secrets(tree: ast.AST) -> Iterator[str]:
    """Comparisons by `==` or `in` of what is named like a secret."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(isinstance(operator, COMPARING) for operator in node.ops):
            sides = [node.left, *node.comparators]
            if any(NAMED.search(_name(side)) for side in sides) and not TIMELESS & {ast.unparse(side) for side in sides}:
                yield ast.unparse(node)


def _name(node: ast.expr) -> str:
    match node:
        case ast.Attribute():
            return node.attr.lower()
        case ast.Name():
            return node.id.lower()
        case ast.Call():
            return _name(node.func)
        case ast.Subscript(slice=ast.Constant(value=str(text))):
            return text.lower()
        case _:
            return ""


def test_no_secret_is_compared_by_equality() -> None:
    assert [(name, found) for name, tree in trees(*CODE) for found in secrets(tree)] == []


@pytest.mark.parametrize(
    "comparison",
    [
        "mac == expected",
        "given != self._secret",
        "self._mac(x) == mac",
        "body['password'] == wanted",
        "token in known",
        "API_KEY == x",
    ],
)
def test_a_comparison_of_a_secret_is_recognised(comparison: str) -> None:
    assert list(secrets(ast.parse(comparison))) == [comparison]


@pytest.mark.parametrize(
    "harmless", ["compare_digest(mac, given)", "token is None", "password == ''", "key == name", "mac < other"]
)
def test_what_tells_nothing_of_a_secret_is_none(harmless: str) -> None:
    assert list(secrets(ast.parse(harmless))) == []
