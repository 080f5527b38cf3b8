"""What an import remembers beside the export: only of this export and this system, and nothing that was cut off."""

from pathlib import Path

import pytest

from waypost_common.identifiers import EpochMs
from waypost_store.transfer.state import ImportState, read_state, state_file, write_state

STATE = ImportState(export="exp_1", target="cluster wa.events", since={0: 17, 3: 0}, started_at=EpochMs(1))


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = state_file(tmp_path, STATE.target)
    write_state(path, STATE)
    assert read_state(path, export=STATE.export, target=STATE.target) == STATE


def test_each_system_has_its_own(tmp_path: Path) -> None:
    assert state_file(tmp_path, "a wa.events") != state_file(tmp_path, "b wa.events")


@pytest.mark.parametrize(("export", "target"), [("exp_2", STATE.target), (STATE.export, "another wa.events")])
def test_that_of_another_import_is_none(tmp_path: Path, export: str, target: str) -> None:
    write_state(tmp_path / "state", STATE)
    assert read_state(tmp_path / "state", export=export, target=target) is None


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"format": "waypost-import", "export": "exp_1"'])
def test_none_that_can_be_read_is_none(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "state").write_bytes(content)
    assert read_state(tmp_path / "state", export=STATE.export, target=STATE.target) is None
