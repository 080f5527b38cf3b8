"""`python -m benchmarks.document`: puts a run's table and plots into docs/performance.md, in the place of the last ones."""

import argparse
import shutil
import sys
from pathlib import Path
from typing import Final

from benchmarks.markdown import last_run
from benchmarks.output import write_plots
from benchmarks.report import Report

PAGE: Final = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN: Final = "<!-- last run: begin (python -m benchmarks.document writes this part) -->\n"
END: Final = "<!-- last run: end -->\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.document",
        description="Puts the table and the plots of a run into docs/performance.md, in the place of those of the last one.",
        epilog="example: python -m benchmarks.document .benchmarks/report.json",
    )
    parser.add_argument("report", type=Path, help="what `make bench` wrote")
    parser.add_argument("--page", type=Path, default=PAGE, help="default: docs/performance.md")
    arguments = parser.parse_args()
    try:
        report = Report.from_json(arguments.report.read_text(encoding="utf-8"))
        replaced = with_last_run(arguments.page.read_text(encoding="utf-8"), last_run(report, arguments.page.stem))
    except (OSError, ValueError) as error:
        sys.exit(f"benchmarks.document: {error}")
    pictures = arguments.page.with_suffix("")
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir()
    write_plots(report, pictures)
    arguments.page.write_text(replaced, encoding="utf-8")
    print(f"wrote {arguments.page} and {pictures}", file=sys.stderr)


def with_last_run(page: str, section: str) -> str:
    """Pure. The page with that section between its two marks. Raises ValueError for a page that has not both, once each."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in after or END in after:
        raise ValueError(f"the page needs these two lines, once each: {BEGIN.strip()} and {END.strip()}")
    return f"{before}{BEGIN}\n{section}\n{END}{after}"


if __name__ == "__main__":
    main()
