"""What the network keeps on disk."""

from pathlib import Path

import pytest

from waypost_connector.simulated.storage import OtherWorldError, Queued, Storage, Stream


def queued(sequence: int, session: int = 0) -> Queued:
    return Queued(session, sequence, f"id{sequence}", "message", b"{}", None)


def test_a_queue_is_read_in_order_and_in_pages(tmp_path: Path) -> None:
    with Storage(tmp_path) as storage:
        storage.append([queued(3), queued(1), queued(2), queued(1, session=1)], {0: Stream(1, 3), 1: Stream(1, 1)})
        assert storage.page(0, after=0, limit=2) == [queued(1), queued(2)]
        assert storage.page(0, after=2, limit=2) == [queued(3)]


def test_what_was_acknowledged_is_forgotten_in_its_session_alone_and_for_good(tmp_path: Path) -> None:
    with Storage(tmp_path) as storage:
        storage.append([queued(1), queued(2), queued(1, session=1)], {0: Stream(4, 2), 1: Stream(1, 1)})
        assert storage.acknowledge(0, 1, b"line") == 1
        assert storage.acknowledge(0, 1, b"line") == 0
    with Storage(tmp_path) as storage:
        assert storage.page(0, after=0, limit=9) == [queued(2)]
        assert storage.depths() == {0: 1, 1: 1}
        assert storage.streams() == {0: Stream(4, 2), 1: Stream(1, 1)}


def test_a_folder_of_another_world_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with Storage(tmp_path) as storage:
        storage.keep_world({"seed": "1", "chats": "40"})
        storage.keep_world({"seed": "1", "chats": "40"})
        with pytest.raises(OtherWorldError, match="give --chats 40, or another --data folder"):
            storage.keep_world({"seed": "1", "chats": "41"})
