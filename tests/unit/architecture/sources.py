"""The Python modules of this repository, parsed."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
CODE = ("libs", "services", "deploy")
EVERYTHING = (*CODE, "tests", "benchmarks", "examples")
NOT_OURS = {".venv", "build", "node_modules", "__pycache__"}


def modules(*folders: str) -> Iterator[tuple[str, Path]]:
    """Each module's path from the root, as text and as a path."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            relative = path.relative_to(ROOT)
            if not NOT_OURS & set(relative.parts):
                yield relative.as_posix(), path


def trees(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    for name, path in modules(*folders):
        yield name, parsed(path)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def called(call: ast.Call) -> str:
    """The last part of the called name: `sleep` of `asyncio.sleep`."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""
