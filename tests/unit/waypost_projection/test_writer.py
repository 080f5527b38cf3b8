"""How a batch ends when a part of it fails; what batches come to is tested against MongoDB."""

import asyncio
from typing import Any

import pytest
from tests.unit.waypost_projection.story import logged, message_payload

from waypost_common.consumption import RetryLaterError
from waypost_projection.writer import ProjectionWriter


class HalfAwayStorage:
    """Nothing is stored; the sessions cannot be written, and the messages take their time."""

    def __init__(self) -> None:
        self.ended: list[str] = []

    def __getattr__(self, name: str) -> Any:
        async def call(*_: Any) -> dict[str, Any]:
            if name == "write_sessions":
                raise RetryLaterError("MongoDB is away")
            if name == "write_messages":
                for _turn in range(5):
                    await asyncio.sleep(0)
            self.ended.append(name)
            return {}

        return call


async def test_when_a_write_fails_none_of_the_others_is_still_under_way_and_the_chats_are_not_written() -> None:
    storage: Any = HalfAwayStorage()
    with pytest.raises(RetryLaterError):
        await ProjectionWriter(storage).apply([logged("message", message_payload("M1"), offset=0)])
    assert "write_messages" in storage.ended
    assert "write_chats" not in storage.ended
