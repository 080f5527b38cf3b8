"""What a seed makes of a soak."""

from itertools import groupby, pairwise

import pytest
from tests.soak.schedule import EACH_ONCE, MINUTE_S, OVER_S, SERVICES, SETTLED_S, Kind, crash_points, schedule

SEEDS = range(20)


def test_the_same_seed_gives_the_same_faults_and_another_one_others() -> None:
    assert schedule(7, 5) == schedule(7, 5)
    assert schedule(7, 5) != schedule(8, 5)


def test_a_longer_soak_begins_like_a_shorter_one() -> None:
    assert schedule(7, 5)[: len(schedule(7, 2))] == schedule(7, 2)


@pytest.mark.parametrize("seed", SEEDS)
def test_faults_come_in_their_order_and_each_minute_ends_without_any(seed: int) -> None:
    faults = schedule(seed, 10)
    assert faults == sorted(faults, key=lambda fault: fault.at_s)
    for fault in faults:
        assert fault.ends_s <= fault.at_s // MINUTE_S * MINUTE_S + OVER_S


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_faulty_has_time_to_settle_before_it_is_again(seed: int) -> None:
    by_subject = sorted(schedule(seed, 10), key=lambda fault: (fault.subject, fault.at_s))
    for _, group in groupby(by_subject, key=lambda fault: fault.subject):
        one = list(group)
        assert all(earlier.ends_s + SETTLED_S <= later.at_s for earlier, later in pairwise(one))


def test_ten_minutes_have_every_kind_and_some_at_once() -> None:
    for seed in SEEDS:
        faults = schedule(seed, 10)
        assert {(fault.kind, fault.target) for fault in faults} >= {one for one in EACH_ONCE if one[0] is not Kind.CRASH}
        assert any(later.at_s < earlier.ends_s for earlier, later in pairwise(faults))


def test_each_service_is_killed_at_points_of_its_own() -> None:
    assert all(crash_points(service) for service in SERVICES)
    points = [point for service in SERVICES for point in crash_points(service)]
    assert len(points) == len(set(points))
