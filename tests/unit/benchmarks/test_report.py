import json

import pytest
from benchmarks.report import Report
from tests.unit.benchmarks.measured import EACH_KIND

REPORT = Report({"commit": "abc"}, quick=True, measurements=EACH_KIND, seconds=61.04)


def test_a_report_is_read_back_as_it_was_written() -> None:
    again = Report.from_json(REPORT.to_json())
    assert again.to_json() == REPORT.to_json()
    assert [(one.own, one.ratio, one.reached) for one in again.measurements] == [
        (one.own, one.ratio, one.reached) for one in EACH_KIND
    ]


def test_a_report_has_every_single_run() -> None:
    first = json.loads(REPORT.to_json())["measurements"][0]
    assert first["runs"] == {"ours": [300.0, 100.0, 330.0], "reference": [200.0, 100.0, 150.0]}


def test_a_report_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="run `make bench` again"):
        Report.from_json('{"format": 0}')
