"""A mail host is given little first, then twice as much each period, and never a burst."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.rules.ramp import (
    Kept,
    Ramp,
    in_time,
    kept_of,
    left_until,
    moved,
    ramp,
    steps,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FIVE_THOUSAND = Ramp(5000.0, HOUR)

firsts = st.integers(1, 100_000).map(float)
counts = st.integers(0, 2_000_000)
mores = st.integers(1, 200_000)


@pytest.mark.parametrize(
    ("told", "means"),
    [
        ("", None),
        ("5000/hour", FIVE_THOUSAND),
        ("20000/day", Ramp(20_000.0, timedelta(days=1))),
    ],
)
def test_a_setting_is_people_of_a_host_in_the_first_period(told, means):
    assert ramp(told) == means


@pytest.mark.parametrize(
    "told", ["5000", "0/hour", "-1/hour", "5000/week", "5000 / hour", "1e3/day"]
)
def test_what_is_no_ramp_is_refused(told):
    with pytest.raises(ValueError, match="5000/hour"):
        ramp(told)


def test_each_hour_takes_twice_as_many_as_the_one_before():
    by_hour = [FIVE_THOUSAND.by(hours) for hours in range(9)]
    assert [after - before for before, after in pairwise(by_hour)] == [
        5_000 * 2**hours for hours in range(8)
    ]
    assert 7 * HOUR < FIVE_THOUSAND.lasts(900_000) < 8 * HOUR


def test_an_hour_leaves_in_twelve_steps_the_first_one_at_once():
    found = list(steps(FIVE_THOUSAND, 0, 5_000))
    assert [one.after for one in found] == [timedelta(minutes=5) * n for n in range(12)]
    assert (found[0].upto, found[-1].upto) == (297, 5_000)


@given(firsts, counts, mores)
def test_steps_cover_everybody_in_order_and_never_more_than_the_curve(first, placed, more):
    slope = Ramp(first, HOUR)
    found = list(steps(slope, placed, more))
    assert found[-1].upto >= placed + more
    assert found[0].upto > placed
    for one, after in pairwise(found):
        assert one.upto < after.upto
        assert one.after < after.after
    for one in found:
        assert one.upto <= slope.by((one.after + slope.step) / HOUR) + 1


@given(firsts, counts, mores, mores, st.data())
def test_it_makes_no_difference_in_how_many_pages_people_are_placed(first, placed, a, b, data):
    slope = Ramp(first, HOUR)
    person = data.draw(st.integers(placed + a + 1, placed + a + b))
    together = next(one for one in steps(slope, placed, a + b) if person <= one.upto)
    apart = next(one for one in steps(slope, placed + a, b) if person <= one.upto)
    assert apart == together


@given(firsts, st.integers(1, 5_000_000), st.timedeltas(-HOUR, timedelta(days=3)))
def test_a_deadline_makes_it_steeper_and_too_near_a_one_leaves_it_out(first, people, left):
    wanted = Ramp(first, HOUR)
    found = in_time(wanted, people, left)
    if found is None:
        assert left < wanted.step
    else:
        assert found.first >= wanted.first
        assert found.lasts(people) <= left + timedelta(seconds=1)
        assert found == wanted or wanted.lasts(people) > left


def test_a_tenth_of_the_time_until_a_deadline_is_left():
    assert left_until(NOW + 10 * HOUR, NOW) == 9 * HOUR
    assert left_until(None, NOW) == timedelta.max


moments = st.lists(st.timedeltas(-HOUR, 9 * HOUR), min_size=1, unique=True).map(
    lambda some: sorted(NOW + one for one in some)
)


@given(moments, st.timedeltas(timedelta(0), 3 * HOUR), st.timedeltas(-HOUR, 9 * HOUR))
def test_what_is_late_moves_together_and_ends_by_the_deadline(waiting, late, until):
    assert moved(waiting, late, NOW, None) == {one: one + late for one in waiting}
    ends_by = NOW + until
    found = moved(waiting, late, NOW, ends_by)
    after = [found[one] for one in waiting]
    assert after == sorted(after)
    assert max(after) <= max(NOW, ends_by) + timedelta(milliseconds=1)
    assert all(to >= min(NOW, at + late) for at, to in found.items())


def test_nothing_that_waits_is_nothing_that_moves():
    assert moved([], HOUR, NOW, NOW) == {}


def test_what_a_campaign_keeps_comes_back_as_it_was():
    kept = Kept(FIVE_THOUSAND, NOW, True, 912_000, {17: 300, 4_095: 0})
    assert kept_of(kept.as_kept()) == kept
    assert kept_of({}) is None


def test_the_next_person_of_a_host_leaves_where_its_last_ones_did():
    kept = Kept(FIVE_THOUSAND, NOW, False, 900_000, {17: 5_000, 18: 0})
    assert kept.next_at == NOW + HOUR
    (first, *_), (other, *_) = kept.slopes(100)["email"].values()
    assert first[1] == NOW + HOUR
    assert other == (297, NOW)
