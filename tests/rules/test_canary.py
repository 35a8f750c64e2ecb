"""How many go first, and for how long the others wait."""

from datetime import UTC, datetime, timedelta

import pytest

from incidents.errors import InvalidInput
from incidents.rules.canary import NO_CANARY, Canary, Few, few

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("people", "first"),
    [
        (1, 0),
        (50, 0),
        (51, 50),
        (4_999, 50),
        (10_000, 100),
        (1_000_000, 10_000),
        (9_000_000, 50_000),
    ],
)
def test_one_in_a_hundred_goes_first_and_at_least_fifty(people, first):
    assert few(Canary(), people, "live").people == first


def test_the_others_wait_ten_minutes_and_in_a_drill_not_at_all():
    assert few(Canary(), 10_000, "live").goes_on_at(NOW) == NOW + timedelta(minutes=10)
    assert few(Canary(), 10_000, "drill").goes_on_at(NOW) == NOW


def test_by_hand_they_wait_for_a_person():
    assert few(Canary(by_hand=True), 10_000, "live").goes_on_at(NOW) is None


def test_a_canary_of_nobody_or_of_everybody_is_none():
    assert few(NO_CANARY, 10_000, "live") == few(Canary(people=60), 60, "live") == Few()


@pytest.mark.parametrize(
    "wanted", [Canary(people=-1), Canary(people=50_001), Canary(hold_seconds=-1.0)]
)
def test_a_canary_that_cannot_be_is_refused(wanted):
    with pytest.raises(InvalidInput, match="canary"):
        few(wanted, 1_000_000, "live")
