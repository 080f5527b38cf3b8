import re

import pytest
from starlette.routing import Match, Route

from waypost_api.operation import Operation
from waypost_api.routing import routes_of
from waypost_api.table import OPERATIONS

ROUTES = routes_of(OPERATIONS)


def matched(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    scope = {"type": "http", "method": method, "path": f"/api/v1{path}", "root_path": ""}
    for route in ROUTES:
        match, child = route.matches(scope)
        if match is Match.FULL:
            return route, child["path_params"]
    return None


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_every_operation_is_reached_by_its_own_path(operation: Operation) -> None:
    values = {
        name: f"1{name}@lid" if name in {"cid", "jid", "gid", "lid"} else f"1{name}"
        for name in re.findall(r"{(\w+)}", operation.path)
    }
    found = matched(operation.method, operation.path.format(**values))
    assert found is not None
    route, parameters = found
    assert (route.name, parameters) == (operation.path, values)


def test_a_device_part_is_no_action() -> None:
    found = matched("POST", "/sessions/s/channels/12:3@newsletter:mute")
    assert found is not None
    assert found[1] == {"session": "s", "jid": "12:3@newsletter"}


def test_operation_ids_are_unique() -> None:
    assert len({operation.id for operation in OPERATIONS}) == len(OPERATIONS)


def test_two_operations_on_one_path_and_method_are_refused() -> None:
    with pytest.raises(ValueError, match="two operations"):
        routes_of([OPERATIONS[0], OPERATIONS[0]])


def test_the_lists_that_clients_ask_for_most_are_tried_first() -> None:
    most = [route.name.startswith(("/sessions/{session}/chats", "/sessions/{session}/messages")) for route in ROUTES]
    assert most == sorted(most, reverse=True)
    assert ROUTES[0].name == "/sessions/{session}/chats"
