"""What people type, and what becomes of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import typer

from incidents.cli.inputs import added_to, facts_of, moment_of
from incidents.cli.looks import left

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("now", NOW),
        ("-50m", datetime(2026, 3, 2, 8, 10, tzinfo=UTC)),
        ("-2h", datetime(2026, 3, 2, 7, 0, tzinfo=UTC)),
        ("-3d", datetime(2026, 2, 27, 9, 0, tzinfo=UTC)),
        ("+8h", datetime(2026, 3, 2, 17, 0, tzinfo=UTC)),
        ("2026-03-01T09:00+01:00", datetime(2026, 3, 1, 8, 0, tzinfo=UTC)),
    ],
)
def test_moments_are_typed_as_people_say_them(typed, meant):
    assert datetime.fromisoformat(moment_of(typed, NOW)) == meant


def test_a_moment_without_a_zone_is_of_this_machine():
    assert datetime.fromisoformat(moment_of("2026-03-01T09:00")).tzinfo is not None


@pytest.mark.parametrize("typed", ["yesterday", "-2y", "", "2026-13-01", "+9999999d"])
def test_what_is_no_moment_is_refused(typed):
    with pytest.raises(typer.BadParameter):
        moment_of(typed, NOW)


def test_numbers_stay_numbers_and_codes_stay_words():
    assert facts_of(["people_count=12", "establishment=NO"]) == {
        "people_count": 12,
        "establishment": "NO",
    }


def test_time_left_and_time_lost_look_different():
    assert left("2026-03-02T10:30:00Z", NOW).plain == "in 1 h 30 min"
    assert left("2026-03-02T08:30:00Z", NOW).plain == "30 min late"
    assert left("2026-03-09T09:00:00Z", NOW).plain == "in 7 days"


def test_a_part_of_a_map_leaves_its_other_parts_as_they_are_known():
    known = {"cause": {"en": "A key"}, "people_by_place": {"DE": 5}}
    pairs = ["cause.de=Ein Schlüssel", 'people_by_place={"FR": 2}']
    assert added_to(known, pairs) == {
        "cause": {"en": "A key", "de": "Ein Schlüssel"},
        "people_by_place": {"FR": 2},
    }


def test_a_map_is_given_whole_or_by_its_keys():
    with pytest.raises(typer.BadParameter, match="not both"):
        facts_of(["cause=A key", "cause.en=A key"])
