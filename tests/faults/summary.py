"""Prints what `make faults` found, over all its rounds: how often each case passed, and what it measured.

`python -m tests.faults.summary FOLDER`, which holds a JUnit report for each round.
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
    ends: Counter[str] = field(default_factory=Counter)
    took: list[float] = field(default_factory=list)
    """Each time that it passed, s."""
    figures: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


def summarised(reports: Iterable[str]) -> dict[str, Case]:
    """By the name of the case, of reports in JUnit's XML as pytest writes it. Cases that were skipped are left out."""
    cases: defaultdict[str, Case] = defaultdict(Case)
    for report in reports:
        for found in ElementTree.fromstring(report).iter("testcase"):
            end = end_of(found)
            if end == SKIPPED:
                continue
            case = cases[f"{found.get('classname', '').rpartition('.')[2]}::{found.get('name')}"]
            case.ends[end] += 1
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
        ends = ", ".join(f"{count} {end}" for end, count in sorted(case.ends.items(), key=lambda one: one[0] != PASSED))
        yield f"{ends:>12}  {name}" + (f"  ({spread(case.took)})" if case.took else "")
        for what, values in case.figures.items():
            yield f"{'':>14}{what}: {spread(values)}"


def spread(seconds: list[float]) -> str:
    return f"median {statistics.median(seconds):.1f} s, {min(seconds):.1f} to {max(seconds):.1f} s"


if __name__ == "__main__":
    for line in lines(summarised(path.read_text() for path in sorted(Path(sys.argv[1]).glob("*.xml")))):
        print(line)  # noqa: T201
