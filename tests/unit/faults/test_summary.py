"""What `make faults` says of its rounds."""

from pathlib import Path

from tests.faults.summary import lines, reports_in, summarised

ROUND = """<testsuites><testsuite>
<testcase classname="tests.faults.test_kafka" name="test_kafka_killed" time="10.0">
<properties><property name="until a change" value="{seconds}"/></properties></testcase>
<testcase classname="tests.faults.test_store" name="test_store_killed" time="4.0">{end}</testcase>
<testcase classname="tests.faults.test_disk" name="test_disk_full" time="0.0"><skipped message="no tmpfs"/></testcase>
</testsuite></testsuites>"""


def told(*rounds: str) -> list[str]:
    return list(lines(summarised(("abc1234", one) for one in rounds)))


def test_each_case_is_told_with_how_often_it_passed_what_it_measured_and_why_it_was_skipped() -> None:
    assert told(*(ROUND.format(seconds=seconds, end="") for seconds in (1.0, 3.0, 1.5))) == [
        "   3 skipped  test_disk::test_disk_full",
        "              at abc1234: 3 skipped",
        "              skipped: no tmpfs",
        "    3 passed  test_kafka::test_kafka_killed  (median 10.0 s, 10.0 to 10.0 s)",
        "              at abc1234: 3 passed",
        "              until a change: median 1.5 s, 1.0 to 3.0 s",
        "    3 passed  test_store::test_store_killed  (median 4.0 s, 4.0 to 4.0 s)",
        "              at abc1234: 3 passed",
    ]


def test_a_case_that_failed_once_is_told_with_both() -> None:
    rounds = [ROUND.format(seconds=1.0, end=end) for end in ("", '<failure message="x"/>', "")]
    assert "2 passed, 1 failure  test_store::test_store_killed  (median 4.0 s, 4.0 to 4.0 s)" in told(*rounds)


def test_a_case_that_never_passed_has_no_time() -> None:
    assert "     1 error  test_store::test_store_killed" in told(ROUND.format(seconds=1.0, end='<error message="x"/>'))


def test_all_calls_are_summed_up_with_the_commit_of_each(tmp_path: Path) -> None:
    for call, end in (("20261121T010203Z-abc1234", '<failure message="x"/>'), ("20261122T010203Z-def5678-dirty", "")):
        (tmp_path / call).mkdir()
        for number in ("1", "2"):
            (tmp_path / call / f"{number}.xml").write_text(ROUND.format(seconds=1.0, end=end))
    found = list(lines(summarised(reports_in(tmp_path))))
    first = found.index("2 passed, 2 failure  test_store::test_store_killed  (median 4.0 s, 4.0 to 4.0 s)")
    assert found[first + 1 :] == ["              at abc1234: 2 failure", "              at def5678-dirty: 2 passed"]
    one_call = summarised(reports_in(tmp_path / "20261121T010203Z-abc1234"))
    assert one_call["test_store::test_store_killed"].ends == {"abc1234": {"failure": 2}}
