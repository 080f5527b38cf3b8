"""What `make faults` says of its rounds."""

from tests.faults.summary import lines, summarised

ROUND = """<testsuites><testsuite>
<testcase classname="tests.faults.test_kafka" name="test_kafka_killed" time="10.0">
<properties><property name="until a change" value="{seconds}"/></properties></testcase>
<testcase classname="tests.faults.test_store" name="test_store_killed" time="4.0">{end}</testcase>
<testcase classname="tests.faults.test_api" name="test_api_killed" time="0.0"><skipped message="x"/></testcase>
</testsuite></testsuites>"""


def test_each_case_is_told_with_how_often_it_passed_and_the_spread_of_what_it_measured() -> None:
    rounds = [ROUND.format(seconds=seconds, end="") for seconds in (1.0, 3.0, 1.5)]
    assert list(lines(summarised(rounds))) == [
        "    3 passed  test_kafka::test_kafka_killed  (median 10.0 s, 10.0 to 10.0 s)",
        "              until a change: median 1.5 s, 1.0 to 3.0 s",
        "    3 passed  test_store::test_store_killed  (median 4.0 s, 4.0 to 4.0 s)",
    ]


def test_a_case_that_failed_once_is_told_with_both() -> None:
    rounds = [ROUND.format(seconds=1.0, end=end) for end in ("", '<failure message="x"/>', "")]
    assert "2 passed, 1 failure  test_store::test_store_killed  (median 4.0 s, 4.0 to 4.0 s)" in "\n".join(
        lines(summarised(rounds))
    )


def test_a_case_that_never_passed_has_no_time() -> None:
    told = list(lines(summarised([ROUND.format(seconds=1.0, end='<error message="x"/>')])))
    assert told[-1] == "     1 error  test_store::test_store_killed"
