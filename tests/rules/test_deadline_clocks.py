"""Each clock with dated cases counted by hand; the reasoning stands beside the case."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from incidents.rules.deadlines import Clock, due_at
from incidents.rules.duties import assess
from tests.rules.laws import laws, rule

CASES = [
    # Berlin goes to summer time on 29 March 2026, 01:00 UTC. 72 hours stay 72 hours: the wall
    # clock shows one hour more.
    (
        {"hours": 72, "zone": "Europe/Berlin"},
        "2026-03-28T11:00:00+01:00",
        "2026-03-31T12:00:00+02:00",
    ),
    # and back on 25 October
    (
        {"hours": 72, "zone": "Europe/Berlin"},
        "2026-10-24T11:00:00+02:00",
        "2026-10-27T10:00:00+01:00",
    ),
    # One hour over New Year in China.
    (
        {"hours": 1, "zone": "Asia/Shanghai"},
        "2026-12-31T23:30:00+08:00",
        "2027-01-01T00:30:00+08:00",
    ),
    # 3 calendar days: the day of the start is day 0, so Monday 2 March ends on Thursday the 5th.
    (
        {"calendar_days": 3, "zone": "Asia/Singapore"},
        "2026-03-02T00:00:00+08:00",
        "2026-03-06T00:00:00+08:00",
    ),
    # ... also when it starts in the last minute of that day (15:59 UTC on the 2nd).
    (
        {"calendar_days": 3, "zone": "Asia/Singapore"},
        "2026-03-02T23:59:00+08:00",
        "2026-03-06T00:00:00+08:00",
    ),
    # 20:00 UTC on the 2nd is the 3rd in Singapore already.
    (
        {"calendar_days": 3, "zone": "Asia/Singapore"},
        "2026-03-02T20:00:00+00:00",
        "2026-03-07T00:00:00+08:00",
    ),
    # 30 days over a leap day: 10 Feb 2028 + 19 to the 29th + 11 = 11 March.
    (
        {"calendar_days": 30, "zone": "UTC"},
        "2028-02-10T10:00:00+00:00",
        "2028-03-12T00:00:00+00:00",
    ),
    # 15 days across the American change to winter time (1 November 2026): the end is winter time.
    (
        {"calendar_days": 15, "zone": "America/Los_Angeles"},
        "2026-10-20T09:00:00-07:00",
        "2026-11-05T00:00:00-08:00",
    ),
    # 60 days after the end of 2027: 31 days in January and 29 in the February of a leap year.
    (
        {"calendar_days": 60, "from_year_end": True, "zone": "America/New_York"},
        "2027-05-05T12:00:00-04:00",
        "2028-03-01T00:00:00-05:00",
    ),
    # China 2026: Sat 14 Feb is a make-up working day; 15-23 Feb are holidays. From Thu 12 Feb:
    # day 1 Fri 13, day 2 Sat 14, day 3 Tue 24.
    (
        {"business_days": 3, "calendar": "CN", "zone": "Asia/Shanghai"},
        "2026-02-12T10:00:00+08:00",
        "2026-02-25T00:00:00+08:00",
    ),
    # Sun 20 Sep 2026 is a make-up working day: from Fri 18, day 1 is Sun 20, day 2 Mon 21.
    (
        {"business_days": 2, "calendar": "CN", "zone": "Asia/Shanghai"},
        "2026-09-18T10:00:00+08:00",
        "2026-09-22T00:00:00+08:00",
    ),
    # Independence Day 2026 is a Saturday, observed on Fri 3 July. From Thu 2: Mon 6, Tue 7.
    (
        {"business_days": 2, "calendar": "US", "zone": "America/New_York"},
        "2026-07-02T10:00:00-04:00",
        "2026-07-08T00:00:00-04:00",
    ),
    # An event on a Saturday: the first counted day is Monday.
    (
        {"business_days": 1, "calendar": "SG", "zone": "Asia/Singapore"},
        "2026-03-07T10:00:00+08:00",
        "2026-03-10T00:00:00+08:00",
    ),
    # One month from 31 January: February has none, so its last day.
    (
        {"months": 1, "zone": "Europe/Berlin"},
        "2026-01-31T10:00:00+01:00",
        "2026-03-01T00:00:00+01:00",
    ),
    # Three months over the end of a year.
    (
        {"months": 3, "zone": "Europe/Berlin"},
        "2026-11-15T10:00:00+01:00",
        "2027-02-16T00:00:00+01:00",
    ),
    # Form 8-K: four business days, to the close of the registry at 17:30 in the east. From
    # Wed 21 Jan 2026: Thu 22, Fri 23, Mon 26, Tue 27.
    (
        {"business_days": 4, "calendar": "US", "zone": "America/New_York", "closes_at": "17:30"},
        "2026-01-21T10:00:00-05:00",
        "2026-01-27T17:30:00-05:00",
    ),
    # Decided on Saturday 17 January: Monday 19 is a holiday, so day 1 is Tue 20 and day 4 Fri 23.
    (
        {"business_days": 4, "calendar": "US", "zone": "America/New_York", "closes_at": "17:30"},
        "2026-01-17T10:00:00-05:00",
        "2026-01-23T17:30:00-05:00",
    ),
    # Vermont: Town Meeting Day (Tuesday 3 March 2026) is a holiday there. From Mon 2: Wed 4.
    (
        {"business_days": 1, "calendar": "US-VT", "zone": "America/New_York"},
        "2026-03-02T10:00:00-05:00",
        "2026-03-05T00:00:00-05:00",
    ),
    # Japan counts the day of knowledge as day 1: Mon 2 March + 29 is Tue 31 March.
    (
        {"calendar_days": 30, "from_day_one": True, "zone": "Asia/Tokyo"},
        "2026-03-02T10:00:00+09:00",
        "2026-04-01T00:00:00+09:00",
    ),
    # ... and day 60 of the same start is Thu 30 April.
    (
        {"calendar_days": 60, "from_day_one": True, "zone": "Asia/Tokyo"},
        "2026-03-02T10:00:00+09:00",
        "2026-05-01T00:00:00+09:00",
    ),
    # Spring: three days from Fri 27 March end on Mon the 30th, in summer time by then.
    (
        {"calendar_days": 3, "zone": "Europe/Berlin"},
        "2026-03-27T10:00:00+01:00",
        "2026-03-31T00:00:00+02:00",
    ),
    # The south goes back while the north goes on: 20 March + 30 is Sun 19 April, winter time since
    # the 5th.
    (
        {"calendar_days": 30, "zone": "Australia/Sydney"},
        "2026-03-20T10:00:00+11:00",
        "2026-04-20T00:00:00+10:00",
    ),
    # Brazil: Fri 20 November is a holiday of the whole country. From Wed 18: Thu 19, Mon 23,
    # Tue 24.
    (
        {"business_days": 3, "calendar": "BR", "zone": "America/Sao_Paulo"},
        "2026-11-18T10:00:00-03:00",
        "2026-11-25T00:00:00-03:00",
    ),
    # Colombia moves Epiphany to Monday (12 January 2026). From Thu 8: Fri 9, Tue 13.
    (
        {"business_days": 2, "calendar": "CO", "zone": "America/Bogota"},
        "2026-01-08T10:00:00-05:00",
        "2026-01-14T00:00:00-05:00",
    ),
    # Ecuador: Mon 10 August 2026 is a holiday. From Fri 7: Tue 11.
    (
        {"business_days": 1, "calendar": "EC", "zone": "America/Guayaquil"},
        "2026-08-07T10:00:00-05:00",
        "2026-08-12T00:00:00-05:00",
    ),
    # Egypt rests on Friday and Saturday. From Thu 5 March: Sun 8.
    (
        {"business_days": 1, "calendar": "EG", "zone": "Africa/Cairo"},
        "2026-03-05T10:00:00+02:00",
        "2026-03-09T00:00:00+02:00",
    ),
    # Maine keeps Patriots' Day (Mon 20 April 2026), the United States do not. From Fri 17: Tue 21.
    (
        {"business_days": 1, "calendar": "US-ME", "zone": "America/New_York"},
        "2026-04-17T10:00:00-04:00",
        "2026-04-22T00:00:00-04:00",
    ),
    (
        {"business_days": 1, "calendar": "US", "zone": "America/New_York"},
        "2026-04-17T10:00:00-04:00",
        "2026-04-21T00:00:00-04:00",
    ),
    # Illinois keeps Lincoln's birthday (Thu 12 February). From Wed 11: Fri 13; Mon 16 is
    # Presidents' Day; Tue 17.
    (
        {"business_days": 2, "calendar": "US-IL", "zone": "America/Chicago"},
        "2026-02-11T10:00:00-06:00",
        "2026-02-18T00:00:00-06:00",
    ),
    # Form 8-K over Juneteenth (Fri 19 June 2026). From Tue 16: Wed 17, Thu 18, Mon 22, Tue 23.
    (
        {"business_days": 4, "calendar": "US", "zone": "America/New_York", "closes_at": "17:30"},
        "2026-06-16T10:00:00-04:00",
        "2026-06-23T17:30:00-04:00",
    ),
    # Three months from 30 November: February has no 30th.
    (
        {"months": 3, "zone": "Europe/Berlin"},
        "2026-11-30T10:00:00+01:00",
        "2027-03-01T00:00:00+01:00",
    ),
    # 29 February and one month: 29 March, in summer time since 26 March 2028.
    (
        {"months": 1, "zone": "Europe/Berlin"},
        "2028-02-29T10:00:00+01:00",
        "2028-03-30T00:00:00+02:00",
    ),
    # Without delay: our target, in minutes, hours or days.
    (
        {"without_delay": {"minutes": 30}, "zone": "Asia/Shanghai"},
        "2026-03-01T23:45:00+08:00",
        "2026-03-02T00:15:00+08:00",
    ),
    ({"without_delay": {"hours": 24}}, "2026-03-01T05:00:00+00:00", "2026-03-02T05:00:00+00:00"),
    (
        {"without_delay": {"calendar_days": 3}, "zone": "Asia/Shanghai"},
        "2026-03-01T05:00:00+08:00",
        "2026-03-05T00:00:00+08:00",
    ),
]


@pytest.mark.parametrize(("clock", "start", "end"), CASES)
def test_a_clock_ends_when_counted_by_hand(clock: dict, start: str, end: str) -> None:
    due = due_at(Clock(**clock), datetime.fromisoformat(start))
    assert due.due_at == datetime.fromisoformat(end)
    assert due.due_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("start", "latest"),
    [
        # The running hour 10:00-11:00 is not counted: from 11:00 on.
        ("2026-03-02T10:20:00+00:00", "2026-03-05T11:00:00+00:00"),
        # At exactly 10:00 the event lies inside that hour: from 11:00 too.
        ("2026-03-02T10:00:00+00:00", "2026-03-05T11:00:00+00:00"),
        ("2026-03-02T10:59:59+00:00", "2026-03-05T11:00:00+00:00"),
    ],
)
def test_eu_1182_71_gives_a_later_reading_beside_the_safe_one(start: str, latest: str) -> None:
    moment = datetime.fromisoformat(start)
    due = due_at(Clock(hours=72, counted_as="eu_1182_71"), moment)
    assert (due.due_at - moment).total_seconds() == 72 * 3600
    assert due.latest_arguable == datetime.fromisoformat(latest)


JAPAN = {
    "calendar_days": 30,
    "from_day_one": True,
    "zone": "Asia/Tokyo",
    "if_day_off": {"calendar": "JP", "closed": ["12-29", "12-30", "12-31", "01-02", "01-03"]},
}
DORA = {"hours": 4, "zone": "Europe/Athens", "if_day_off": {"until": "12:00"}}


@pytest.mark.parametrize(
    ("clock", "start", "due", "latest"),
    [
        # Day 30 is Sun 3 May 2026, Constitution Day; 4 and 5 May are holidays, 6 May stands in for
        # the Sunday: Thu 7 May is open.
        (JAPAN, "2026-04-04T09:00+09:00", "2026-05-04T00:00+09:00", "2026-05-08T00:00+09:00"),
        # Day 30 is Wed 30 December 2026; offices close to 3 January, a Sunday: Mon 4 January.
        (JAPAN, "2026-12-01T09:00+09:00", "2026-12-31T00:00+09:00", "2027-01-05T00:00+09:00"),
        # Day 30 is Tue 31 March 2026, an open day.
        (JAPAN, "2026-03-02T09:00+09:00", "2026-04-01T00:00+09:00", None),
        # DORA: Sat 7 March 2026, 14:00; noon of Monday the 9th.
        (DORA, "2026-03-07T10:00+02:00", "2026-03-07T14:00+02:00", "2026-03-09T12:00+02:00"),
        # Friday 22:00 + 4 hours is Saturday too, Friday 19:00 + 4 is not.
        (DORA, "2026-03-06T22:00+02:00", "2026-03-07T02:00+02:00", "2026-03-09T12:00+02:00"),
        (DORA, "2026-03-06T19:00+02:00", "2026-03-06T23:00+02:00", None),
        # Fourteen days from Sat 19 September 2026 end on Sat 3 October; to 24:00 of Mon the 5th.
        (
            {"calendar_days": 14, "zone": "Europe/Athens", "if_day_off": {}},
            "2026-09-19T10:00+03:00",
            "2026-10-04T00:00+03:00",
            "2026-10-06T00:00+03:00",
        ),
    ],
)  # fmt: skip
def test_an_end_on_a_day_off_stays_due_and_shows_the_next_open_day(
    clock: dict, start: str, due: str, latest: str | None
) -> None:
    found = due_at(Clock(**clock), datetime.fromisoformat(start))
    assert found.due_at == datetime.fromisoformat(due)
    assert found.latest_arguable == (datetime.fromisoformat(latest) if latest else None)


def test_only_a_clock_without_a_number_is_a_target() -> None:
    assert Clock(without_delay={"hours": 24}).is_target
    assert not Clock(hours=24).is_target
    assert Clock(without_delay={"hours": 24}).text == "without delay (target: 24 hours)"
    assert Clock(months=1).text == "1 month"


@pytest.mark.parametrize(
    ("clock", "says"),
    [
        ({}, "exactly one"),
        ({"hours": 1, "months": 1}, "exactly one"),
        ({"hours": 0}, "greater than or equal to 1"),
        ({"business_days": 3}, "belong together"),
        ({"business_days": 3, "calendar": "XX"}, "no calendar of holidays for 'XX'"),
        ({"hours": 1, "zone": "Asia/Peking"}, "is no time zone"),
        ({"hours": 1, "closes_at": "17:30"}, "for business days only"),
        ({"without_delay": {"hours": 1, "calendar_days": 1}}, "give hours or calendar_days"),
        ({"hours": 1, "from_day_one": True}, "counts calendar days"),
        ({"hours": 1, "if_day_off": {"calendar": "XX"}}, "no calendar of holidays for 'XX'"),
    ],
)
def test_an_impossible_clock_is_refused(clock: dict, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Clock(**clock)


NIGHT = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)  # in Dublin still the 2nd, in Berlin the 3rd
A_DAY = "{calendar_days: 1, zone: Europe/Athens, zone_where: WHERE}"


@pytest.mark.parametrize(
    ("where", "facts", "end"),
    [
        # Dublin: the 2nd + 1 is the 3rd, to 24:00 there.
        ("establishment", {"establishment": "IE"}, "2026-03-04T00:00+00:00"),
        # Berlin: the 3rd + 1 is the 4th, to 24:00 there.
        ("establishment", {"establishment": "DE-BY"}, "2026-03-05T00:00+01:00"),
        # Established elsewhere, or not known where: the zone that the law file names.
        ("establishment", {"establishment": "US-NY"}, "2026-03-05T00:00+02:00"),
        ("establishment", {}, "2026-03-05T00:00+02:00"),
        # People in both: each place has its day; the earliest end is the safe one.
        ("people", {"people_by_place": {"DE": 5, "IE": 1}}, "2026-03-04T00:00+00:00"),
        ("people", {"people_by_place": {"DE": 5, "CN": 9}}, "2026-03-05T00:00+01:00"),
        ("people", {"people_by_place": {"ZZ": 5}}, "2026-03-05T00:00+02:00"),
    ],
)
def test_a_day_ends_where_the_law_looks(where: str, facts: dict, end: str) -> None:
    catalogue = laws(rule("xx-day-1", clock=A_DAY.replace("WHERE", where), place="EU"))
    known = {"role": "controller", "aware_at": NIGHT, **facts}
    (duty,) = assess(known, catalogue, NIGHT)
    assert duty.due_at == datetime.fromisoformat(end)
    assert "in Europe/" in duty.arithmetic[-1]
