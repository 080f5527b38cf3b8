import pytest
from benchmarks.measurement import Measurement, ratio_of, ratio_up_to
from tests.unit.benchmarks.measured import FASTER, NOT_MEASURED, SHOWN, SLOW


def test_the_ratio_is_the_median_of_the_rounds_ratios_and_not_the_ratio_of_the_medians() -> None:
    assert (FASTER.own, FASTER.of_reference) == (300.0, 150.0)
    assert FASTER.ratio == 1.5


def test_a_ratio_that_is_just_what_was_wanted_is_reached() -> None:
    assert FASTER.reached is True


def test_a_figure_above_its_bound_is_not_reached() -> None:
    assert SLOW.reached is False


def test_what_is_only_shown_or_was_not_measured_is_neither_reached_nor_missed() -> None:
    assert (SHOWN.reached, NOT_MEASURED.reached) == (None, None)


def test_a_growth_beyond_its_bound_is_not_reached() -> None:
    grown = Measurement(row="memory", what="", unit="MB", ours=[120.0], reference=[100.0], wanted=ratio_up_to(1.1))
    assert grown.reached is False


def test_a_ratio_cannot_be_wanted_of_a_figure_without_a_reference() -> None:
    alone = Measurement(row="ingest", what="", unit="events/s", ours=[1.0], wanted=ratio_of(1))
    with pytest.raises(ValueError, match="without a reference"):
        _ = alone.reached
