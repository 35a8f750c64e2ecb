"""Turns of duty out of iCalendar files: what they say, and what is wrong with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from incidents.errors import InvalidInput
from incidents.rules.rota_calendar import MOST_EVENTS, read_calendar

ANN, BO, LEE = UUID(int=1), UUID(int=2), UUID(int=3)
PEOPLE = {"Ann": ANN, "bo": BO, "Ann Lee": LEE, "bo.external@example.com": BO}
SINCE = datetime(2026, 3, 2, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=365)


def event(*lines: str, uid: str = "1@example.com") -> str:
    return "\r\n".join(["BEGIN:VEVENT", f"UID:{uid}", *lines, "END:VEVENT"])


def calendar(*events: str, head: str = "") -> str:
    top = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//EN", *([head] if head else [])]
    return "\r\n".join([*top, *events, "END:VCALENDAR", ""])


def read(*events: str, head: str = "", zone: str = "Europe/Berlin") -> list[tuple[UUID, str, str]]:
    turns = read_calendar(calendar(*events, head=head), zone, PEOPLE, SINCE, UNTIL)
    return [
        (one.shift.person, f"{one.shift.start:%m-%dT%H:%M}", f"{one.shift.until:%m-%dT%H:%M}")
        for one in turns
    ]


def problem(*events: str) -> tuple[str, str, str]:
    with pytest.raises(InvalidInput) as refused:
        read(*events)
    (one,) = refused.value.problems
    return one.field, one.why, one.mend


WEEK = ("DTSTART;TZID=Europe/Berlin:20260302T090000", "DTEND;TZID=Europe/Berlin:20260309T090000")


def test_a_title_names_who_is_on_duty():
    assert read(event(*WEEK, "SUMMARY:On call: ANN (primary)")) == [
        (ANN, "03-02T08:00", "03-09T08:00")
    ]


def test_a_longer_name_goes_before_a_shorter_one_and_a_part_of_a_word_is_no_name():
    assert [one[0] for one in read(event(*WEEK, "SUMMARY:Ann Lee and bo"))] == [LEE, BO]
    assert "names nobody" in problem(event(*WEEK, "SUMMARY:Annual review, boring"))[1]


def test_where_the_title_names_nobody_the_attendees_count():
    attendees = (
        "ATTENDEE;CN=ann:mailto:ann@example.com",
        "ATTENDEE;CN=Bo from outside:MAILTO:Bo.External@example.com",
        "ATTENDEE;CN=Room 4;CUTYPE=ROOM:mailto:room4@example.com",
        "ATTENDEE;CN=Stranger;PARTSTAT=DECLINED:mailto:stranger@example.com",
    )
    assert [one[0] for one in read(event(*WEEK, "SUMMARY:Watch", *attendees))] == [ANN, BO]


def test_a_repeated_week_leaves_no_hole_when_the_clocks_change():
    rule = "RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20261231T000000Z"
    other = (
        "DTSTART;TZID=Europe/Berlin:20260309T090000",
        "DTEND;TZID=Europe/Berlin:20260316T090000",
    )
    text = calendar(
        event(*WEEK, rule, "SUMMARY:ann"), event(*other, rule, "SUMMARY:bo", uid="2@example.com")
    )
    turns = read_calendar(text, "Europe/Berlin", PEOPLE, SINCE, UNTIL)
    assert len(turns) == 44
    assert {one.shift.person for one in turns[::2]} == {ANN}
    for one, following in pairwise(turns):
        assert one.shift.until == following.shift.start
    lengths = {(one.shift.until - one.shift.start) / timedelta(hours=1) for one in turns}
    assert lengths == {167, 168, 169}


def test_an_endless_series_ends_at_the_horizon():
    found = read(event(*WEEK, "RRULE:FREQ=WEEKLY", "SUMMARY:ann"))
    assert 52 <= len(found) <= 53


def test_what_lies_past_is_passed_over_but_not_what_lasts_until_now():
    series = ("DTSTART:20250106T080000Z", "DURATION:P7D", "RRULE:FREQ=WEEKLY;COUNT=61")
    assert read(event(*series, "SUMMARY:ann")) == [
        (ANN, "02-23T08:00", "03-02T08:00"),
        (ANN, "03-02T08:00", "03-09T08:00"),
    ]


def test_single_dates_are_taken_out_put_in_moved_and_cancelled():
    found = read(
        event(
            *WEEK,
            "RRULE:FREQ=WEEKLY;COUNT=4",
            "EXDATE;TZID=Europe/Berlin:20260309T090000",
            "RDATE;TZID=Europe/Berlin:20260601T090000",
            "SUMMARY:ann",
        ),
        event(
            "RECURRENCE-ID;TZID=Europe/Berlin:20260316T090000",
            "DTSTART;TZID=Europe/Berlin:20260317T090000",
            "DTEND;TZID=Europe/Berlin:20260318T090000",
            "SUMMARY:bo stands in",
        ),
        event(
            "RECURRENCE-ID;TZID=Europe/Berlin:20260323T090000",
            "DTSTART;TZID=Europe/Berlin:20260323T090000",
            "STATUS:CANCELLED",
        ),
    )
    assert found == [
        (ANN, "03-02T08:00", "03-09T08:00"),
        (BO, "03-17T08:00", "03-18T08:00"),
        (ANN, "06-01T07:00", "06-08T07:00"),
    ]


def test_a_whole_day_is_one_of_the_calendars_zone():
    days = event("DTSTART;VALUE=DATE:20260309", "DTEND;VALUE=DATE:20260316", "SUMMARY:bo")
    assert read(days) == [(BO, "03-08T23:00", "03-15T23:00")]
    assert read(days, head="X-WR-TIMEZONE:Asia/Shanghai") == [(BO, "03-08T16:00", "03-15T16:00")]
    assert read(days, head="X-WR-TIMEZONE:Nowhere") == read(days)


def test_a_time_that_names_no_zone_is_one_of_the_rotas_zone():
    found = read(event("DTSTART:20260309T090000", "DTEND:20260309T170000", "SUMMARY:bo"))
    assert found == [(BO, "03-09T08:00", "03-09T16:00")]


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (("DTSTART:20260309T090000", "SUMMARY:bo"), "does not end"),
        (("DTSTART:20260309T090000", "DTEND:20260309T090000", "SUMMARY:bo"), "does not end"),
        (("DTSTART:20260309T090000", "DTEND:20280309T090000", "SUMMARY:bo"), "longer than a year"),
        (("SUMMARY:bo",), "no DTSTART"),
        (("DTSTART:tomorrow", "SUMMARY:bo"), "DTSTART"),
        (("DTSTART:19700101T000000", "DURATION:PT1H", "SUMMARY:bo"), "outside the years"),
        (("DTSTART;TZID=Nowhere/Else:20260309T090000", "DURATION:PT1H", "SUMMARY:bo"), "Nowhere"),
        ((*WEEK, "SUMMARY:bo", "RDATE:99991231T235959Z"), "outside the years"),
        ((*WEEK, "SUMMARY:bo", "EXDATE:T090000"), "EXDATE"),
        ((*WEEK, "SUMMARY:bo", "RDATE;VALUE=PERIOD:20260309T090000Z/P1D"), "no date"),
        ((*WEEK, "SUMMARY:bo", "RRULE:FREQ=SECONDLY"), "not taken"),
        ((*WEEK, "SUMMARY:bo", "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"), "not taken"),
        ((*WEEK, "SUMMARY:bo", "RRULE:FREQ=WEEKLY;BYDAY=XX"), "RRULE"),
        ((*WEEK, "SUMMARY:bo", "RRULE:FREQ=DAILY", "RRULE:FREQ=DAILY"), "several RRULE"),
        ((*WEEK, "SUMMARY:bo", "RRULE:FREQ=WEEKLY;INTERVAL=0"), "not taken"),
        ((*WEEK, "SUMMARY:Watch"), "names nobody"),
        ((*WEEK, "SUMMARY:Watch", "ATTENDEE;CN=Cy:mailto:cy@example.com"), "Cy who is no user"),
    ],
)
def test_what_is_wrong_with_an_event_is_told_with_its_title(lines, why):
    field, told, mend = problem(event(*lines))
    assert "bo" in field or "Watch" in field
    assert why in told
    assert mend


def test_every_event_that_is_wrong_is_told_and_nothing_is_used():
    with pytest.raises(InvalidInput) as refused:
        read(
            event(*WEEK, "SUMMARY:ann"),
            event(*WEEK, "SUMMARY:nobody", uid="2"),
            event("DTSTART:20260309T090000", "SUMMARY:bo", uid="3"),
        )
    assert [one.field for one in refused.value.problems] == [
        "event “nobody” of 2026-03-02",
        "event “bo” of 2026-03-09",
    ]


@pytest.mark.parametrize(
    "text", ["", "hello", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR", calendar() * 2]
)
def test_what_is_no_calendar_is_told_so(text):
    with pytest.raises(InvalidInput) as refused:
        read_calendar(text, "Europe/Berlin", PEOPLE, SINCE, UNTIL)
    assert "no iCalendar file" in refused.value.problems[0].why


def test_a_calendar_without_a_turn_ahead_is_refused():
    assert "no turn that lies ahead" in problem()[1]
    past = event("DTSTART:20250106T080000Z", "DURATION:P7D", "SUMMARY:ann")
    assert "no turn that lies ahead" in problem(past)[1]


def test_a_calendar_of_too_many_events_or_turns_is_refused():
    many = [event(*WEEK, "SUMMARY:ann", uid=f"{n}") for n in range(MOST_EVENTS + 1)]
    assert "over 1000" in problem(*many)[1]
    daily = ("DTSTART:20260302T080000Z", "DURATION:P1D", "RRULE:FREQ=DAILY")
    often = [event(*daily, "SUMMARY:ann", uid=f"{n}") for n in range(20)]
    assert "more than 5000 turns" in problem(*often)[1]
