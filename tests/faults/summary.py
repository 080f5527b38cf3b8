"""Prints what `make faults` found, over all its rounds: how often each case passed or why it did not run, and what it measured.

`python -m tests.faults.summary FOLDER`: of one call, or the folder of all calls. A call's folder is named `<time>-<commit>`, and
holds a JUnit report for each round.
"""

import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

SKIPPED = "skipped"
PASSED = "passed"


@dataclass
class Case:
    ends: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """By commit."""
    took: list[float] = field(default_factory=list)
    """Each time that it passed, s."""
    figures: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    skipped_because: set[str] = field(default_factory=set)


def summarised(reports: Iterable[tuple[str, str]]) -> dict[str, Case]:
    """By the name of the case, of commits with reports in JUnit's XML as pytest writes it."""
    cases: defaultdict[str, Case] = defaultdict(Case)
    for commit, report in reports:
        for found in ElementTree.fromstring(report).iter("testcase"):
            end = end_of(found)
            case = cases[f"{found.get('classname', '').rpartition('.')[2]}::{found.get('name')}"]
            case.ends[commit][end] += 1
            case.skipped_because |= {skip.get("message", "") for skip in found.iter(SKIPPED)}
            if end == PASSED:
                case.took.append(float(found.get("time", "0")))
                for figure in found.iter("property"):
                    case.figures[figure.get("name", "")].append(float(figure.get("value", "0")))
    return dict(cases)


def end_of(case: ElementTree.Element) -> str:
    """`failure` and `error` are pytest's names."""
    return next((name for name in (SKIPPED, "failure", "error") if case.find(name) is not None), PASSED)


def lines(cases: dict[str, Case]) -> Iterator[str]:
    for name, case in sorted(cases.items()):
        total = sum(case.ends.values(), Counter[str]())
        yield f"{counts(total):>12}  {name}" + (f"  ({spread(case.took)})" if case.took else "")
        for commit, ends in case.ends.items():
            yield f"{'':>14}at {commit}: {counts(ends)}"
        for what, values in case.figures.items():
            yield f"{'':>14}{what}: {spread(values)}"
        for why in sorted(case.skipped_because):
            yield f"{'':>14}skipped: {why}"


def counts(ends: Counter[str]) -> str:
    return ", ".join(f"{count} {end}" for end, count in sorted(ends.items(), key=lambda one: one[0] != PASSED))


def spread(seconds: list[float]) -> str:
    return f"median {statistics.median(seconds):.1f} s, {min(seconds):.1f} to {max(seconds):.1f} s"


def reports_in(folder: Path) -> Iterator[tuple[str, str]]:
    """With the commit that each was made at, the oldest first."""
    for path in sorted(folder.rglob("*.xml")):
        yield path.resolve().parent.name.partition("-")[2], path.read_text()


if __name__ == "__main__":
    for line in lines(summarised(reports_in(Path(sys.argv[1])))):
        print(line)  # noqa: T201
