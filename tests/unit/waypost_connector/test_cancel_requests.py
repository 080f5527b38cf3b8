"""What a TaskGroup of Python 3.11 leaves behind."""

import asyncio

import pytest

from waypost_connector.cancel_requests import settle_cancel_requests


async def fail() -> None:
    raise OSError


async def test_a_timeout_after_a_task_group_that_failed_is_a_timeout() -> None:
    task = asyncio.current_task()
    assert task is not None
    with pytest.raises(ExceptionGroup):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail())
            # The body ends before the task does, so the group fails while it is waited for.
    settle_cancel_requests()
    assert not task.cancelling()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await asyncio.Event().wait()


async def test_a_task_that_nobody_wants_to_cancel_goes_on() -> None:
    settle_cancel_requests()
    await asyncio.sleep(0)
