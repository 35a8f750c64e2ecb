"""Who is on duty at which moment: handovers, clocks that change, calendars, people who stand in."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.rules.rota import Level, Pattern, Shift, changes, last_weekday, standing

ANN, BO, CY = UUID(int=1), UUID(int=2), UUID(int=3)
MONDAY = date(2026, 3, 2)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def weekly(*people: UUID, zone: str = "Europe/Berlin", at: str = "09:00", days: int = 7) -> Pattern:
    return Pattern(zone, MONDAY, time.fromisoformat(at), days, people)


def who(level: Level | Pattern, at: str) -> tuple[UUID, ...]:
    whole = Level(level) if isinstance(level, Pattern) else level
    return standing(whole, utc(at)).people


@pytest.mark.parametrize(
    ("at", "person"),
    [
        ("2026-03-02T07:59:59.999999", None),  # a second before the first handover, 09:00 CET
        ("2026-03-02T08:00", ANN),
        ("2026-03-09T07:59:59.999999", ANN),
        ("2026-03-09T08:00", BO),
        ("2026-03-16T08:00", CY),
        ("2026-03-23T08:00", ANN),
        # Summer time began on 29 March: 09:00 CEST is 07:00 UTC, and that week has 167 hours.
        ("2026-03-30T06:59:59", ANN),
        ("2026-03-30T07:00", BO),
        # It ended on 25 October: the week of 19 October, the 34th, has 169 hours.
        ("2026-10-26T07:59:59", ANN),
        ("2026-10-26T08:00", BO),
    ],
)
def test_a_handover_keeps_its_time_on_the_wall(at, person):
    assert who(weekly(ANN, BO, CY), at) == ((person,) if person else ())


def test_a_handover_that_the_wall_skips_counts_an_hour_later():
    # On 29 March 2026 Berlin's clocks jump from 02:00 to 03:00: 02:30 is 03:30 CEST.
    pattern = Pattern("Europe/Berlin", date(2026, 3, 28), time(2, 30), 1, (ANN, BO))
    assert pattern.begins(1) == utc("2026-03-29T01:30")
    assert who(pattern, "2026-03-29T01:29:59") == (ANN,)
    assert who(pattern, "2026-03-29T01:30") == (BO,)


def test_a_handover_that_the_wall_shows_twice_counts_the_first_time():
    # On 25 October 2026 02:30 comes at 00:30 UTC and at 01:30 UTC again.
    pattern = Pattern("Europe/Berlin", date(2026, 10, 24), time(2, 30), 1, (ANN, BO))
    assert pattern.begins(1) == utc("2026-10-25T00:30")
    assert who(pattern, "2026-10-25T00:30") == (BO,)
    assert who(pattern, "2026-10-25T01:30") == (BO,)


def test_a_zone_far_from_utc_hands_over_on_its_own_day():
    pattern = weekly(ANN, BO, zone="Pacific/Auckland", at="00:00")
    assert who(pattern, "2026-03-08T10:59:59") == (ANN,)
    assert who(pattern, "2026-03-08T11:00") == (BO,)


@given(
    minutes=st.integers(0, 5 * 366 * 24 * 60),
    days=st.integers(1, 15),
    hour=st.integers(0, 23),
    zone=st.sampled_from(["Europe/Berlin", "America/St_Johns", "Asia/Shanghai", "Pacific/Apia"]),
)
def test_every_moment_lies_in_the_turn_that_counts_it(minutes, days, hour, zone):
    at = utc("2026-03-03T00:00") + timedelta(minutes=minutes)
    pattern = Pattern(zone, date(2026, 3, 1), time(hour, 30), days, (ANN, BO, CY))
    turn = pattern.turn_at(at)
    assert pattern.begins(turn) <= at < pattern.begins(turn + 1)


def test_who_stands_in_goes_before_calendar_and_calendar_before_rota():
    level = Level(
        weekly(ANN),
        calendar=(Shift(utc("2026-03-03T00:00"), utc("2026-03-05T00:00"), BO),),
        overrides=(Shift(utc("2026-03-04T00:00"), utc("2026-03-04T12:00"), CY),),
    )
    told = [standing(level, utc(f"2026-03-0{day}T00:00")) for day in (3, 4, 5)]
    assert [(one.people, one.by) for one in told] == [
        ((BO,), "calendar"),
        ((CY,), "override"),
        ((ANN,), "rota"),
    ]
    assert who(level, "2026-03-04T12:00") == (BO,)


def test_the_override_that_was_said_last_counts():
    day = (utc("2026-03-04T00:00"), utc("2026-03-05T00:00"))
    level = Level(weekly(ANN), overrides=(Shift(*day, BO), Shift(*day, CY)))
    assert who(level, "2026-03-04T01:00") == (CY,)


def test_turns_of_a_calendar_that_overlap_wake_both():
    level = Level(
        weekly(),
        calendar=(
            Shift(utc("2026-03-03T00:00"), utc("2026-03-05T00:00"), BO),
            Shift(utc("2026-03-04T00:00"), utc("2026-03-06T00:00"), CY),
        ),
    )
    assert who(level, "2026-03-04T00:00") == (BO, CY)
    assert who(level, "2026-03-06T00:00") == ()


def test_a_rota_without_people_has_nobody_on_duty():
    assert who(weekly(), "2026-03-04T00:00") == ()


def test_changes_are_each_handover_and_each_edge_of_what_was_laid_over():
    level = Level(
        weekly(ANN, BO),
        overrides=(Shift(utc("2026-03-04T10:00"), utc("2026-03-04T12:00"), CY),),
    )
    found = changes([level], utc("2026-03-03T00:00"), utc("2026-03-16T08:00"))
    assert found == [
        utc("2026-03-03T00:00"),
        utc("2026-03-04T10:00"),
        utc("2026-03-04T12:00"),
        utc("2026-03-09T08:00"),
    ]


def test_nothing_changes_between_two_changes():
    level = Level(weekly(ANN, BO, CY, days=3))
    found = changes([level], utc("2026-03-20T00:00"), utc("2026-04-20T00:00"))
    for begin, end in pairwise(found):
        assert standing(level, begin) == standing(level, end - timedelta.resolution)
        assert standing(level, begin) != standing(level, end)


def test_the_last_monday_may_be_today():
    assert last_weekday(0, MONDAY) == MONDAY
    assert last_weekday(0, date(2026, 3, 8)) == MONDAY
    assert last_weekday(6, MONDAY) == date(2026, 3, 1)
