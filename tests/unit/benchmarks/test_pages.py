"""What is made of a report: the table, the plots, the section of the docs."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from benchmarks.document import BEGIN, END, PAGE, main, with_last_run
from benchmarks.limits import LIMITS, UNKNOWN, unreached
from benchmarks.markdown import last_run
from benchmarks.plot import plot
from benchmarks.report import Report
from benchmarks.rows import ROWS
from benchmarks.table import cells, markdown_table, number, text_table
from tests.unit.benchmarks.measured import EACH_KIND, FASTER, NOT_MEASURED, SHOWN, SLOW

MACHINE = {
    "date": "2026-11-21 20:00 UTC", "commit": "abc", "processor": "one", "cores": 2, "memory_gibibytes": 8, "system": "Linux",
    "load_average": 0.1, "data": "memory", "driver": "motor", "versions": {"python": "3.11"},
}  # fmt: skip


def test_a_line_of_the_table_says_what_was_wanted_and_whether_it_is_reached() -> None:
    assert cells(FASTER) == ("ingest", "mixed history", "300 events/s", "150 (sink & co)", "1.50x", "≥ 1.5x", "yes")


def test_what_was_not_measured_says_so() -> None:
    assert cells(NOT_MEASURED)[2:] == ("not measured", "-", "-", "≤ 120 MB", "-")


def test_what_is_only_shown_says_so() -> None:
    assert cells(SHOWN)[4:] == ("0.50x", "shown", "-")


@pytest.mark.parametrize(("value", "text"), [(20_183.4, "20,183"), (14.04, "14.0"), (0.0364, "0.0364"), (None, "-")])
def test_a_number_has_as_many_digits_as_are_worth_reading(value: float | None, text: str) -> None:
    assert number(value) == text


def test_each_measurement_has_a_line_in_both_tables() -> None:
    assert len(text_table(EACH_KIND).splitlines()) == len(markdown_table(EACH_KIND).splitlines()) == len(EACH_KIND) + 2


def test_a_row_that_is_not_reached_says_what_holds_it() -> None:
    unnamed = replace(SLOW, row="new")
    assert unreached([FASTER, SLOW, SLOW, SHOWN, unnamed]) == (
        f"- change is held by: {LIMITS['change']}\n- new is held by: {UNKNOWN}\n"
    )
    assert LIMITS["change"] in last_run(Report(MACHINE, quick=False, measurements=[SLOW], seconds=60), "performance")


def test_where_all_is_reached_nothing_is_said_of_limits() -> None:
    assert unreached([FASTER, SHOWN, NOT_MEASURED]) == ""
    assert "not reached" not in last_run(Report(MACHINE, quick=False, measurements=[FASTER], seconds=60), "performance")


def test_limits_are_of_rows_and_the_page_shows_the_profile_of_each() -> None:
    assert LIMITS.keys() <= {row.name for row in ROWS}
    held = PAGE.read_text(encoding="utf-8").partition("## What holds the rows that are not reached")[2]
    assert [row for row in LIMITS if f"\n**{row}.**" not in held] == []


def test_a_plot_is_well_formed_and_shows_both_sides_and_every_run() -> None:
    picture = ElementTree.fromstring(plot("ingest", [FASTER]))
    words = [node.text for node in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert {"ingest", "ours", "sink & co", "300", "150"} <= set(words)
    assert len(list(picture.iter("{http://www.w3.org/2000/svg}circle"))) == len(FASTER.ours) + len(FASTER.reference)


def test_the_section_links_a_plot_of_each_row_that_has_figures() -> None:
    section = last_run(Report(MACHINE, quick=False, measurements=EACH_KIND, seconds=60), "performance")
    assert "![ingest](performance/ingest.svg)" in section
    assert "performance/memory.svg" not in section
    assert "- memory, resident memory: it broke" in section


def test_a_run_takes_the_place_of_the_one_before_and_of_nothing_else() -> None:
    page = f"above\n{BEGIN}old\n{END}below\n"
    assert with_last_run(page, "new") == f"above\n{BEGIN}\nnew\n{END}below\n"


@pytest.mark.parametrize("page", ["", BEGIN, END, f"{END}{BEGIN}", f"{BEGIN}{END}{END}"])
def test_a_page_without_its_marks_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="needs these two lines"):
        with_last_run(page, "new")


def test_a_report_is_put_into_a_page_with_its_plots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page, report = tmp_path / "page.md", tmp_path / "report.json"
    page.write_text(f"{BEGIN}{END}")
    report.write_text(Report(MACHINE, quick=True, measurements=EACH_KIND, seconds=60).to_json())
    monkeypatch.setattr("sys.argv", ["document", str(report), "--page", str(page)])
    main()
    assert "![change](page/change.svg)" in page.read_text()
    assert sorted(path.name for path in (tmp_path / "page").iterdir()) == ["change.svg", "drivers.svg", "ingest.svg"]


def test_the_page_of_the_docs_has_its_marks() -> None:
    assert "new" in with_last_run(PAGE.read_text(encoding="utf-8"), "new")
