"""When people may be disturbed, by the clocks where they live."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.errors import InvalidInput
from incidents.rules.fact_values import place as place_code
from incidents.rules.quiet_hours import (
    checked,
    closes_at,
    openings,
    opens_at,
    quiet_of,
    shut_until,
)
from incidents.rules.zones import _countries, _parts, zones_of

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
NIGHT = quiet_of(checked(None, "Europe/Berlin"))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("place", "now", "opens"),
    [
        ("DE", "2026-03-02 09:00", "2026-03-02 09:00"),  # 10:00 there
        ("DE", "2026-03-02 20:00", "2026-03-03 07:00"),  # 21:00 sharp is quiet
        ("DE", "2026-03-02 19:59", "2026-03-02 19:59"),
        ("DE", "2026-03-02 06:59", "2026-03-02 07:00"),  # 8:00 sharp is not
        ("US-CA", "2026-03-02 09:00", "2026-03-02 16:00"),
        ("US-ID", "2026-03-02 15:30", "2026-03-02 16:00"),  # in Boise it is 8:30, further up 7:30
        ("US", "2026-03-02 15:00", "2026-03-02 18:00"),  # until Honolulu and the Aleutians wake
        ("US", "2026-03-03 02:30", "2026-03-03 18:00"),  # New York has gone to bed
        ("US-XX", "2026-03-02 15:00", "2026-03-02 18:00"),  # no such part: anywhere in the country
        ("JP", "2026-03-02 11:59", "2026-03-02 11:59"),
        ("JP", "2026-03-02 12:00", "2026-03-02 23:00"),
        ("", "2026-03-02 20:00", "2026-03-03 07:00"),  # not known: by the campaign's zone
        ("ZZ", "2026-03-02 20:00", "2026-03-03 07:00"),
        # Clocks go forward on 29 March in the EU and on 8 March in the US.
        ("DE", "2026-03-28 20:00", "2026-03-29 06:00"),
        ("US-NY", "2026-03-08 02:30", "2026-03-08 12:00"),
        # … and back on 25 October.
        ("DE", "2026-10-24 19:00", "2026-10-25 07:00"),
    ],
)
def test_people_may_be_disturbed_once_it_is_day_where_they_live(place, now, opens):
    assert opens_at(NIGHT, place, at(now)) == at(opens)


@pytest.mark.parametrize(
    ("place", "now", "closes"),
    [
        ("DE", "2026-03-02 09:00", "2026-03-02 20:00"),
        ("US", "2026-03-02 18:30", "2026-03-03 02:00"),
        ("DE", "2026-03-02 23:00", None),
    ],
)
def test_the_day_ends_where_it_ends_first(place, now, closes):
    assert closes_at(NIGHT, place, at(now)) == (closes and at(closes))


@given(
    place=st.sampled_from(["", *sorted(_countries()), "US-TX", "CA-NL", "AU-NSW"]),
    now=st.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: BEGIN + timedelta(minutes=minutes)),
)
def test_no_place_waits_longer_than_two_days_and_what_opens_is_open(place, now):
    opens = opens_at(NIGHT, place, now)
    assert now <= opens < now + timedelta(days=2)
    assert opens_at(NIGHT, place, opens) == opens
    awake = [opens.astimezone(zone).hour for zone in zones_of(place)]
    assert all(8 <= hour < 21 for hour in awake)


def test_every_zone_of_the_data_is_one_and_every_part_is_of_its_country():
    for country, parts in _parts().items():
        for part in parts:
            place = f"{country}-{part}"
            assert place_code(place, {}) == place
            assert set(zones_of(country)) != set(zones_of(place)) != set()


def test_a_window_in_the_middle_of_the_day_can_be_closed():
    noon = quiet_of(checked({"from": "12:00", "to": "14:00"}, "UTC"))
    moments = ["2026-03-02 11:59", "2026-03-02 12:00", "2026-03-02 13:59", "2026-03-02 14:00"]
    opened = [opens_at(noon, "GB", at(one)) for one in moments]
    assert opened == [at("2026-03-02 11:59"), *[at("2026-03-02 14:00")] * 3]
    assert all(one <= two for one, two in pairwise(opened))


def test_only_what_rings_or_buzzes_is_held():
    held = openings(NIGHT, ["email", "sms", "letter"], ["DE", "JP"], at("2026-03-02 20:00"))
    assert held == {"sms": {"DE": at("2026-03-03 07:00"), "JP": at("2026-03-02 23:00")}}
    assert openings(NIGHT, ["sms"], ["DE"], at("2026-03-02 12:00")) == {}


def test_what_closes_soon_is_shut_early_and_nothing_opens_early():
    early = timedelta(minutes=2)
    morning = at("2026-03-03 07:00")
    assert shut_until(NIGHT, "DE", at("2026-03-02 19:57"), early) is None
    assert shut_until(NIGHT, "DE", at("2026-03-02 19:58"), early) == morning
    assert shut_until(NIGHT, "DE", at("2026-03-03 06:59"), early) == morning
    assert shut_until(NIGHT, "DE", morning, early) is None


def test_quiet_hours_may_be_none_and_what_is_not_said_is_usual():
    assert checked({}, "UTC") == {}
    assert checked({"to": "09:30"}, "UTC") == {
        "from": "21:00",
        "to": "09:30",
        "channels": ["sms", "call", "push"],
        "zone": "UTC",
    }


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"from": "25:00"}, "quiet.from"),
        ({"from": "08:00"}, "quiet.from"),
        ({"zone": "Mars/Olympus"}, "quiet.zone"),
        ({"channels": ["email"]}, "quiet.channels"),
    ],
)
def test_quiet_hours_that_mean_nothing_are_refused(wanted, field):
    with pytest.raises(InvalidInput) as refused:
        checked(wanted, "UTC")
    assert [problem.field for problem in refused.value.problems] == [field]
