"""Requests to cancel a task that nobody has made."""

import asyncio


def settle_cancel_requests() -> None:
    """After a TaskGroup that failed, for a task that goes on.

    One of Python 3.11 that fails while it is waited for leaves its own request to cancel this task standing. With it,
    `asyncio.timeout` of Debian 12's Python 3.11.2 raises CancelledError in place of TimeoutError, for as long as the task lives.
    """
    task = asyncio.current_task()
    while task is not None and task.uncancel():
        pass
