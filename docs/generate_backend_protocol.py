"""Writes docs/backend-protocol.md from docstrings: `python docs/generate_backend_protocol.py > docs/backend-protocol.md`.

What a class, a method or a test means stands where it is defined, and nowhere else. Here are only the order and what joins them.
"""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Final, get_args

from waypost_common import live_commands
from waypost_common.commands import CommandEnvelope, CommandPart
from waypost_connector import backend
from waypost_connector.conformance import arrivals, calls, connecting, counterpart, pairing, unlinking

TEXT: Final = (Path(__file__).parent / "backend-protocol.txt").read_text()
TESTS: Final = (pairing, connecting, arrivals, calls, unlinking)
VALUES: Final = (
    "Device", "Identity", "Delivery", "PairingCode", "Paired", "CallEvent", "CallResult", "BackendSettings",
)  # fmt: skip


def classes(module: ModuleType) -> dict[str, ast.ClassDef]:
    tree = ast.parse(inspect.getsource(module))
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def said(node: ast.AsyncFunctionDef | ast.ClassDef | ast.FunctionDef | ast.Module) -> str:
    return marked(ast.get_docstring(node) or "")


def marked(text: str) -> str:
    """Names of exceptions set as code, which docstrings leave plain."""
    return re.sub(r"(?<![`.\w])([A-Z][A-Za-z]+Error)(?![`\w])", r"`\1`", text)


def methods(node: ast.ClassDef) -> Iterator[ast.AsyncFunctionDef | ast.FunctionDef]:
    return (part for part in node.body if isinstance(part, ast.AsyncFunctionDef | ast.FunctionDef))


def signature(method: ast.AsyncFunctionDef | ast.FunctionDef) -> str:
    result = "" if method.returns is None else f" -> {ast.unparse(method.returns)}"
    if any(isinstance(one, ast.Name) and one.id == "property" for one in method.decorator_list):
        return f"{method.name}: {ast.unparse(method.returns) if method.returns else ''}"
    arguments = ast.unparse(method.args).removeprefix("self").removeprefix(", ").replace("'", "")
    return f"{'async ' if isinstance(method, ast.AsyncFunctionDef) else ''}def {method.name}({arguments}){result}"


def protocol(module: ModuleType, name: str) -> Iterator[str]:
    """A protocol's methods, each with all that its docstring says."""
    node = classes(module)[name]
    yield from (said(node), "")
    for method in methods(node):
        yield from ("```python", signature(method), "```", "", said(method), "")


def value(node: ast.ClassDef) -> Iterator[str]:
    """A dataclass or an enumeration as a list of its fields, each with the docstring that follows it."""
    yield from (f"**`{node.name}`** {said(node)}", "")
    for index, part in enumerate(node.body):
        match part:
            case ast.AnnAssign():
                field = ast.unparse(part)
            case ast.Assign():
                field = ast.unparse(part.targets[0])
            case _:
                continue
        after = node.body[index + 1] if index + 1 < len(node.body) else None
        text = after.value.value if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) else ""
        yield f"- `{field}`" + (f": {flat(str(text))}" if text else "")
    yield ""


def values() -> Iterator[str]:
    found = classes(backend)
    for name in VALUES:
        yield from value(found[name])


def flat(text: str) -> str:
    return " ".join(marked(text).split())


def cell(text: str) -> str:
    return flat(text).replace("|", "\\|")


def exceptions() -> Iterator[str]:
    yield "| raised | means |"
    yield "|---|---|"
    for name, node in classes(backend).items():
        if name.endswith("Error"):
            initial = next((signature(method) for method in methods(node) if method.name == "__init__"), None)
            made = f"`{name}`" if initial is None else f"`{name}({initial.partition('(')[2].rpartition(')')[0]})`"
            (base,) = (ast.unparse(one) for one in node.bases)
            kind = "" if base in ("BackendError", "Exception") else f" A `{base}`."
            yield f"| {made} | {cell(ast.get_docstring(node) or '')}{kind} |"


def operations() -> Iterator[str]:
    yield "| operation | payload | what it leaves | may be done twice |"
    yield "|---|---|---|---|"
    union = get_args(live_commands.LiveCommand)[0]
    for command in get_args(union):
        name = str(command.model_fields["command"].default)
        schema = f"[`{name}`](../schemas/commands/live/{name}.json)"
        repeatable = "yes" if name in live_commands.REPEATABLE else "no"
        yield f"| {schema} | {', '.join(fields(command)) or 'none'} | {cell(inspect.getdoc(command) or '')} | {repeatable} |"


def fields(command: type[CommandEnvelope]) -> Iterator[str]:
    """The payload's, in the order of their declaration; those that may be absent with a question mark."""
    payload = command.model_fields["payload"].annotation
    if not (isinstance(payload, type) and issubclass(payload, CommandPart)):
        raise TypeError(f"the payload of {command.__name__} is no CommandPart")
    for name, field in payload.model_fields.items():
        yield f"`{field.alias or name}`{'' if field.is_required() else '?'}"


def tests() -> Iterator[str]:
    for module in TESTS:
        tree = ast.parse(inspect.getsource(module))
        yield from (f"*{said(tree)}*", "")
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                yield from (f"- {flat(said(method))}" for method in methods(node) if method.name.startswith("test_"))
        yield ""


PARTS: Final = {
    "Introduction": lambda: iter([marked(inspect.getdoc(backend) or "").partition("\n\n")[2]]),
    "Backend": lambda: protocol(backend, "Backend"),
    "BackendFactory": lambda: protocol(backend, "BackendFactory"),
    "Connection": lambda: protocol(backend, "Connection"),
    "DeviceStore": lambda: protocol(backend, "DeviceStore"),
    "Counterpart": lambda: protocol(counterpart, "Counterpart"),
    "Values": values,
    "Exceptions": exceptions,
    "Operations": operations,
    "Faults": lambda: value(classes(counterpart)["CallFault"]),
    "Tests": tests,
}


def document() -> str:
    """The text, each line `{{Name}}` replaced by that part."""
    lines: list[str] = []
    for line in TEXT.splitlines():
        found = re.fullmatch(r"\{\{(\w+)\}\}", line)
        lines.append(line if found is None else "\n".join(PARTS[found.group(1)]()).rstrip())
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
