"""Every query of the API is bound to one session of one organization (rule R8)."""

import ast
from collections.abc import Iterator

import pytest
from tests.unit.architecture.sources import called, calls, trees

QUERIES = "services/api/src/waypost_api/queries"
READS = {
    "find",
    "find_one",
    "find_with_session",
    "find_one_and_update",
    "count_documents",
    "aggregate",
    "distinct",
    "estimated_document_count",
}
UNBOUND = {
    "Generations._look": "the pointer to the generation that is read, of all organizations",
    "Generations._is_ready": "the record of the generation that may be read next, of all organizations",
    "Generations.show": "how far generations are, of all organizations",
    "find_session_of_any_organization": "for platform administrators alone",
    "owners_of": "tells whose a session is, so that an event which says otherwise is told to nobody",
}
ELSEWHERE = {"authentication/api_keys.py": {"hash"}, "commands/operations.py": {"organization"}}
"""Modules outside the queries that read a collection of no session, and the key that their queries must have."""


def functions(tree: ast.AST, inside: str = "") -> Iterator[tuple[str, ast.AsyncFunctionDef]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from functions(node, f"{node.name}.")
        elif isinstance(node, ast.AsyncFunctionDef):
            yield inside + node.name, node


def unbound(function: ast.AsyncFunctionDef, keys: frozenset[str] = frozenset()) -> list[int]:
    """Lines of reads whose conditions are neither `scope.owned(…)` or `scope.owned_any(…)` nor a literal with all of `keys`."""
    assigned = {
        target.id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and node.value is not None
    }

    def is_bound(conditions: ast.expr) -> bool:
        if isinstance(conditions, ast.Name):
            return conditions.id in assigned and is_bound(assigned[conditions.id])
        if isinstance(conditions, ast.Call):
            return ast.unparse(conditions.func) in {"scope.owned", "scope.owned_any"}
        return (
            bool(keys)
            and isinstance(conditions, ast.Dict)
            and keys <= {key.value for key in conditions.keys if isinstance(key, ast.Constant)}
        )

    reads = [call for call in calls(function) if called(call) in READS and isinstance(call.func, ast.Attribute)]
    return [call.lineno for call in reads if not call.args or not is_bound(call.args[0])]


def test_every_query_carries_session_and_organization() -> None:
    for name, tree in trees(QUERIES):
        # Sessions are looked up in their organization alone: the session is what is asked for.
        keys = frozenset({"organization"}) if name.endswith("/sessions.py") else frozenset({"session", "organization"})
        for function, node in functions(tree):
            assert function in UNBOUND or unbound(node, keys) == [], f"{name} {function}"


def test_what_is_bound_to_no_session_is_still_there_to_be_excused() -> None:
    found = {function for _, tree in trees(QUERIES) for function, node in functions(tree) if unbound(node)}
    assert found >= UNBOUND.keys()


def test_no_other_module_of_the_api_reads_documents() -> None:
    for name, tree in trees("services/api/src"):
        module = name.removeprefix("services/api/src/waypost_api/")
        if not module.startswith("queries/"):
            for function, node in functions(tree):
                reads = [call for call in calls(node) if called(call) in READS - {"find"}]
                assert not reads or module in ELSEWHERE, f"{module} {function}"
                assert module not in ELSEWHERE or unbound(node, frozenset(ELSEWHERE[module])) == [], f"{module} {function}"


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ("scope.owned({})", False),
        ("scope.owned_any({}, {})", False),
        ("{'session': s, 'organization': o}", False),
        ("{'session': s}", True),
        ("{}", True),
        ("known", False),
        ("unknown", True),
        ("", True),
    ],
)
def test_an_unbound_query_is_recognised(conditions: str, found: bool) -> None:
    source = f"async def f():\n    known = scope.owned({{}})\n    await c.find_one({conditions})"
    ((_, function),) = functions(ast.parse(source))
    assert bool(unbound(function, frozenset({"session", "organization"}))) is found
