"""The API key that a local system prints: made once, kept in the data folder, made again when it no longer does for all of it."""

import http.client
import json
from collections.abc import Mapping, Sequence

from waypost_local.errors import LocalError
from waypost_local.folder import DataFolder, write_secret
from waypost_local.ports import LOOPBACK
from waypost_local.process import indented, run

DEMO_PERMISSIONS = frozenset(("read", "send", "manage", "events", "operator"))
"""All: whoever starts a system on their own machine runs it, too."""


def find_or_make_key(folder: DataFolder, api_port: int, create: Sequence[str], environment: Mapping[str, str]) -> str:
    """A key that the API accepts. Asks the running API; blocks for a second when a key has to be made."""
    if folder.demo_key.exists():
        key = folder.demo_key.read_text().strip()
        if is_enough(api_port, key):
            return key
    made = run(create, environment)
    try:
        key = str(json.loads(made.stdout)["key"])
    except (ValueError, KeyError, TypeError) as error:
        raise LocalError(f"`waypost keys create` made no key{indented(made.stderr)}") from error
    write_secret(folder.demo_key, key)
    return key


def is_enough(api_port: int, key: str) -> bool:
    """Whether the API knows it, and it may do all that a demo key may: an earlier version's could do less."""
    connection = http.client.HTTPConnection(LOOPBACK, api_port, timeout=10)
    try:
        connection.request("GET", "/console/principal", headers={"Authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        if answer.status != 200:
            return answer.status != 401
        return set(json.loads(answer.read())["permissions"]) >= DEMO_PERMISSIONS
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return False
    finally:
        connection.close()
