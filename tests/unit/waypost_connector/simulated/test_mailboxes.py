"""The network's disk after a kill."""

from pathlib import Path

import pytest

from waypost_connector.simulated.mailboxes import open_disk

LINE = b'{"what":"acknowledged"}\n'


@pytest.mark.parametrize("written", [True, False])
def test_an_acknowledgement_is_in_the_record_once_wherever_the_process_was_killed(tmp_path: Path, written: bool) -> None:
    with open_disk(tmp_path) as disk:
        disk.record.write("started")
        disk.storage.acknowledge(0, 1, LINE)
        if written:
            disk.record.append(LINE)
    for _ in range(2):
        with open_disk(tmp_path):
            pass
    assert (tmp_path / "record.ndjson").read_bytes().count(LINE) == 1
    assert (tmp_path / "record.ndjson").read_bytes().endswith(LINE)
