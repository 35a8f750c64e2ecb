"""Token buckets: what is covered, how long to wait, what a 429 teaches."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from incidents.rules import pace
from incidents.rules.pace import Rate

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def bucket(unit="requests", rate=100.0, **more):
    return replace(pace.full(Rate("twilio", unit, rate), NOW), **more)


def test_a_setting_names_rates_of_several_units_and_providers():
    assert pace.rates("sendgrid=50 requests,60000 recipients; twilio=0.5 segments") == (
        Rate("sendgrid", "requests", 50),
        Rate("sendgrid", "recipients", 60000),
        Rate("twilio", "segments", 0.5),
    )
    assert pace.rates("") == ()


@pytest.mark.parametrize(
    "told",
    [
        "sendgrid",
        "sendgrid=50",
        "sendgrid=50 pigeons",
        "sendgrid=fast requests",
        "=50 requests",
        "sendgrid=0 requests",
        "sendgrid=5 requests,6 requests",
    ],
)
def test_a_pace_that_means_nothing_is_refused(told):
    with pytest.raises(ValueError, match=r"requests|=|set twice"):
        pace.rates(told)


def test_tokens_come_back_at_the_rate_and_never_above_the_bucket():
    empty = bucket(tokens=0.0)
    assert pace.refilled(empty, NOW + SECOND / 10).tokens == pytest.approx(10)
    assert pace.refilled(empty, NOW + 60 * SECOND).tokens == empty.size == 25


def test_a_clock_that_jumps_back_takes_no_tokens_away():
    assert pace.refilled(bucket(tokens=7.0), NOW - 60 * SECOND).tokens == 7


def test_a_clock_that_is_behind_is_given_nothing_for_the_same_moment_again():
    empty = bucket(tokens=0.0)
    late = pace.refilled(empty, NOW - SECOND / 10)
    assert pace.refilled(late, NOW + SECOND / 10).tokens == pytest.approx(10)


def test_a_clock_set_back_by_an_hour_stops_nothing():
    reset = pace.refilled(bucket(tokens=0.0), NOW - 3600 * SECOND)
    assert pace.refilled(reset, NOW - 3599 * SECOND).tokens == 25


def test_the_first_that_any_unit_does_not_cover_ends_what_may_go():
    both = [bucket(tokens=10.0), bucket("segments", tokens=3.0)]
    assert pace.covered(both, [{"requests": 1, "segments": 2}] * 5) == 1
    assert pace.covered(both, [{"requests": 1, "segments": 1}] * 5) == 3
    assert pace.covered([], [{"requests": 1}] * 5) == 5


def test_an_envelope_larger_than_the_bucket_goes_when_it_is_full():
    assert pace.covered([bucket(rate=400.0)], [{"requests": 1000}] * 2) == 1
    assert pace.covered([bucket(rate=400.0, tokens=99.0)], [{"requests": 1000}]) == 0


def test_a_slow_sender_gets_one_at_a_time():
    slow = bucket(rate=1.0)
    assert slow.size == 1
    assert pace.wait([replace(slow, tokens=-1.0)], {"requests": 1}, NOW) == 2 * SECOND


def test_a_429_halves_the_rate_which_comes_back_by_ten_percent_in_ten_seconds():
    slower = pace.told_off(bucket(), NOW)
    assert (pace.factor(slower, NOW), slower.tokens) == (0.5, 0)
    assert pace.refilled(slower, NOW + SECOND / 10).tokens == pytest.approx(5, rel=0.01)
    assert pace.factor(slower, NOW + 10 * SECOND) == pytest.approx(0.6)
    assert pace.factor(slower, NOW + 90 * SECOND) == 1
    assert pace.factor(pace.told_off(slower, NOW), NOW) == 0.25


def test_told_off_again_and_again_something_still_goes():
    slower = bucket()
    for _ in range(50):
        slower = pace.told_off(slower, NOW)
    assert pace.factor(slower, NOW) == pace.SLOWEST
