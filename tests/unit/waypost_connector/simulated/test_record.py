"""The network's record on disk: full files are put by, the newest are kept, nothing is lost in between."""

from pathlib import Path

import pytest

from waypost_connector.simulated.record import DEFAULT_RETENTION, Act, Record, Retention, acts, full_files, line_of, read_record

LINE_BYTES = len(line_of("connected", connection=10))


def write(folder: Path, numbers: range, *, lines_per_file: int, files: int) -> None:
    with Record(folder, Retention(file_bytes=lines_per_file * LINE_BYTES, files=files)) as record:
        for number in numbers:
            record.write("connected", connection=number)


def read(folder: Path) -> list[int]:
    return [line["connection"] for line in read_record(folder)]


def test_a_record_that_does_not_exist_yet_is_empty(tmp_path: Path) -> None:
    assert read_record(tmp_path) == []


@pytest.mark.parametrize(("files", "first_kept"), [(0, 10), (100, 10), (2, 80), (1, 87)])
def test_the_newest_full_files_are_kept_and_read_in_order(tmp_path: Path, files: int, first_kept: int) -> None:
    """10 to 98 are twelve full files of seven lines, and five lines more."""
    write(tmp_path, range(10, 99), lines_per_file=7, files=files)
    assert read(tmp_path) == list(range(first_kept, 99))


def test_a_record_that_is_opened_again_goes_on_in_the_file_and_the_numbers_where_it_was(tmp_path: Path) -> None:
    for start in range(10, 40, 3):
        write(tmp_path, range(start, start + 3), lines_per_file=4, files=0)
    assert read(tmp_path) == list(range(10, 40))
    assert [path.name for path in full_files(tmp_path)] == [f"record.{number}.ndjson" for number in range(1, 8)]


def test_more_than_nine_files_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    write(tmp_path, range(10, 99), lines_per_file=2, files=0)
    assert read(tmp_path) == list(range(10, 99))


def test_a_line_longer_than_a_file_has_one_of_its_own(tmp_path: Path) -> None:
    with Record(tmp_path, Retention(file_bytes=1, files=0)) as record:
        record.write("first")
        record.write("second")
    assert [line["what"] for line in read_record(tmp_path)] == ["first", "second"]


def test_the_last_line_is_known_after_the_file_before_it_was_put_by(tmp_path: Path) -> None:
    with Record(tmp_path, Retention(file_bytes=1, files=0)) as record:
        record.append(b"one\n")
        record.append(b"two\n")
        assert record.ends_with(b"two\n")
        assert not record.ends_with(b"one\n")


def test_what_was_done_with_sessions_is_told_with_client_and_fence_and_calls_as_of_when_they_came(tmp_path: Path) -> None:
    whose = {"connection": 1, "session": "s", "client": "c", "fence": 3}
    with Record(tmp_path, Retention()) as record:
        record.write("connected", connection=1)
        record.write("logged_in", **whose)
        record.write("acknowledged", **whose, sequences=[1], ids=["x"])
        record.write("called", **whose, receivedAt=17, command="op")
    lines = read_record(tmp_path)
    ats = [lines[1]["at"], lines[2]["at"], 17]
    assert list(acts(lines)) == [
        Act(at, kind, "s", "c", 3) for at, kind in zip(ats, ("logged_in", "acknowledged", "called"), strict=True)
    ]


def test_a_line_that_is_being_written_is_not_read_yet(tmp_path: Path) -> None:
    with Record(tmp_path, DEFAULT_RETENTION) as record:
        record.write("connected", connection=1)
        record.append(b'{"at":1,"what":"disc')
        assert [line["what"] for line in read_record(tmp_path)] == ["connected"]
        record.append(b'onnected"}\n')
        assert [line["what"] for line in read_record(tmp_path)] == ["connected", "disconnected"]
