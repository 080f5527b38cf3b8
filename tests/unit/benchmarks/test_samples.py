import pytest
from benchmarks.samples import alternate, percentile


def test_runs_of_both_sides_alternate_and_the_reference_begins() -> None:
    order: list[str] = []

    def run(side: str) -> str:
        order.append(side)
        return f"{side}{len(order)}"

    pairs = alternate(2, reference=lambda: run("a"), ours=lambda: run("b"))
    assert order == ["a", "b", "a", "b"]
    assert (pairs.reference, pairs.ours) == (["a1", "a3"], ["b2", "b4"])


@pytest.mark.parametrize(("percent", "expected"), [(50, 50), (99, 99), (100, 100), (0.5, 1)])
def test_a_percentile_is_one_of_the_values(percent: float, expected: float) -> None:
    assert percentile([float(value) for value in range(100, 0, -1)], percent) == expected


def test_a_percentile_of_few_values_is_the_highest_rather_than_one_too_low() -> None:
    assert percentile([1.0, 2.0, 3.0], 99) == 3.0


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)
