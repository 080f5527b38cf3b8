"""The API key that a local system prints: made once, kept in the data folder, made again when it no longer works."""

import http.client
import json
from collections.abc import Mapping, Sequence

from waypost_local.errors import LocalError
from waypost_local.folder import DataFolder, write_secret
from waypost_local.ports import LOOPBACK
from waypost_local.process import indented, run


def find_or_make_key(folder: DataFolder, api_port: int, create: Sequence[str], environment: Mapping[str, str]) -> str:
    """A key that the API accepts. Asks the running API; blocks for a second when a key has to be made."""
    if folder.demo_key.exists():
        key = folder.demo_key.read_text().strip()
        if is_accepted(api_port, key):
            return key
    made = run(create, environment)
    try:
        key = str(json.loads(made.stdout)["key"])
    except (ValueError, KeyError, TypeError) as error:
        raise LocalError(f"`waypost keys create` made no key{indented(made.stderr)}") from error
    write_secret(folder.demo_key, key)
    return key


def is_accepted(api_port: int, key: str) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, api_port, timeout=10)
    try:
        connection.request("GET", "/api/v1/sessions", headers={"Authorization": f"Bearer {key}"})
        return connection.getresponse().status != 401
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
