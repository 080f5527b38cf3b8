"""What is printed once a system runs: where it is, and what to try."""

import http.client
import json
import time
from typing import Any
from urllib.parse import quote

from waypost_local.ports import LOOPBACK
from waypost_local.record import Record

FIRST_CHATS_SECONDS = 15


def welcome(record: Record, api_port: int, wait_for_chats: bool) -> str:
    """The text, with a session and a chat of the running system in its commands.

    With `wait_for_chats` it blocks until the first chat can be read, or some seconds: a first start begins empty.
    """
    key = record.environment.get("WAYPOST_DEMO_KEY", "")
    session, chat = _find_chat(api_port, key, FIRST_CHATS_SECONDS if wait_for_chats else 0)
    lines = [
        "",
        "Waypost runs.",
        "",
        f"  API       {record.api_url}",
        f"  console   {record.api_url}/console",
        f"  Kafka     {record.environment['WAYPOST_KAFKA_BOOTSTRAP_SERVERS']}",
        f"  MongoDB   {record.environment['WAYPOST_MONGO_URL']}",
        f"  demo key  {key}",
        *(f"  {process.name:<18} {process.metrics_url}" for process in record.processes if process.metrics_url),
        "",
        "Try:",
        "",
        *(f"  {command}" for command in commands(record.api_url, key, session, chat)),
        "",
    ]
    return "\n".join(lines)


def commands(api_url: str, key: str, session: str | None, chat: str | None) -> list[str]:
    """Lines for a shell. Those that need a session or a chat are left out when there is none."""
    curl = f"curl -s -H 'Authorization: Bearer {key}'"
    lines = [f"{curl} {api_url}/api/v1/sessions"]
    if session is not None:
        chats = f"{api_url}/api/v1/sessions/{quote(session, safe='')}/chats"
        lines.append(f"{curl} '{chats}?limit=3'")
        if chat is not None:
            path = f"{chats}/{quote(chat, safe='')}"
            lines.append(f"{curl} '{path}/messages?limit=3'")
            lines.append(f"""{curl} -X PATCH -H 'Content-Type: application/json' -d '{{"pinned": true}}' {path}""")
    return lines


def _find_chat(api_port: int, key: str, seconds: float) -> tuple[str | None, str | None]:
    deadline = time.monotonic() + seconds
    while True:
        sessions = _first(api_port, key, "/api/v1/sessions")
        session = str(sessions["id"]) if sessions else None
        chat = _first(api_port, key, f"/api/v1/sessions/{quote(session, safe='')}/chats?limit=1") if session else None
        if chat is not None or time.monotonic() >= deadline:
            return session, str(chat["jid"]) if chat else None
        time.sleep(0.1)


def _first(api_port: int, key: str, path: str) -> dict[str, Any] | None:
    connection = http.client.HTTPConnection(LOOPBACK, api_port, timeout=10)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
        response = connection.getresponse()
        found = json.loads(response.read()).get("data") or [] if response.status == 200 else []
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return found[0] if found else None
