"""Who is on duty, as the services tell it: by rota, calendar, whoever stands in, and nobody."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from incidents.errors import Conflict, InvalidInput, NotPermitted, StaleEdit
from incidents.rules.permissions import Role
from incidents.services import rota, rota_plan, rota_turns
from incidents.services.rota_plan import Round
from incidents.work import Actor, Office, Work
from tests.conftest import NOW
from tests.factories import TOCSIN, make_user, uuid7

COMMANDER = Actor.with_roles(uuid7(), "kim", Role.COMMANDER)
WEEK = timedelta(days=7)


def make_team(work: Work, *names: str, roles: tuple[str, ...] = ("responder",)) -> dict[str, Any]:
    return {name: make_user(work, *roles, name=name) for name in names}


def reach(work: Work, user: Any, **contact: Any) -> None:
    """Let somebody say how they are reached."""
    before = work.actor
    work.actor = Actor.with_roles(user.id, user.name, Role.RESPONDER)
    rota.set_contact(work, user.id, **(contact or {"email": f"{user.name}@example.com"}))
    work.actor = before


def weekly(*levels: list[str], **changes: Any) -> Round:
    given: dict[str, Any] = {
        "zone": "Europe/Berlin",
        "handover": time(9),
        "days": 7,
        "levels": levels,
        "starts_on": date(2026, 3, 2),
    }
    return Round(**(given | changes))


def team_with_rota(work: Work, *levels: list[str], reachable: bool = True) -> Any:
    team = make_team(work, *{name: 1 for level in levels for name in level})
    for user in team.values() if reachable else ():
        reach(work, user)
    work.actor = COMMANDER
    made = rota_plan.create(work, "watch", weekly(*levels))
    work.actor = TOCSIN
    return made


def told(people: list[rota.OnDuty]) -> list[tuple[str, int, str]]:
    return [(one.name, one.level, one.by) for one in people]


def test_the_primary_is_woken_first_and_the_secondary_after(office: Office) -> None:
    with office.work(TOCSIN) as work:
        team_with_rota(work, ["ann", "bo"], ["bo", "ann"])
        assert told(rota.on_duty(work, NOW)) == [("ann", 0, "rota"), ("bo", 1, "rota")]
        assert told(rota.on_duty(work, NOW + WEEK)) == [("bo", 0, "rota"), ("ann", 1, "rota")]
        assert rota.on_duty(work, NOW)[0].contact.email == "ann@example.com"


def test_who_is_on_two_levels_is_woken_once_and_levels_have_no_holes(office: Office) -> None:
    with office.work(TOCSIN) as work:
        team_with_rota(work, ["ann"], ["ann"], ["bo"])
        assert told(rota.on_duty(work, NOW)) == [("ann", 0, "rota"), ("bo", 1, "rota")]


def test_without_a_rota_commanders_and_privacy_officers_who_can_be_reached_are_woken(
    office: Office,
) -> None:
    with office.work(TOCSIN) as work:
        team = make_team(work, "kim", "lou", roles=("commander",))
        team |= make_team(work, "pat", roles=("privacy_officer",))
        team |= make_team(work, "ann")
        for name in ("lou", "pat", "ann"):
            reach(work, team[name])
        team["pat"].disabled_at = NOW
        work.session.flush()
        assert told(rota.on_duty(work, NOW)) == [("lou", 0, "fallback")]


def test_where_nobody_can_be_reached_all_of_them_are_named_so_that_a_room_still_hears(
    office: Office,
) -> None:
    with office.work(TOCSIN) as work:
        make_team(work, "kim", roles=("commander",))
        assert told(rota.on_duty(work, NOW)) == [("kim", 0, "fallback")]


def test_in_a_gap_and_where_the_one_on_duty_cannot_be_reached_others_are_woken(
    office: Office,
) -> None:
    with office.work(TOCSIN) as work:
        reach(work, make_team(work, "kim", roles=("commander",))["kim"])
        team_with_rota(work, ["ann"], reachable=False)
        assert told(rota.on_duty(work, NOW)) == [("ann", 0, "rota"), ("kim", 0, "fallback")]
        assert told(rota.on_duty(work, NOW - WEEK)) == [("kim", 0, "fallback")]


def test_whoever_is_shut_out_is_not_on_duty(office: Office) -> None:
    with office.work(TOCSIN) as work:
        team_with_rota(work, ["ann", "bo"], ["bo"])
        rota_plan.rows.active_users(work.session)[0].disabled_at = NOW
        work.session.flush()
        assert told(rota.on_duty(work, NOW)) == [("bo", 0, "rota")]


def test_a_contact_that_does_not_open_keeps_nobody_else_asleep(office: Office) -> None:
    with office.work(TOCSIN) as work:
        team_with_rota(work, ["ann"], ["bo"])
        ann = rota_plan.rows.active_users(work.session)[0]
        work.session.get_one(rota_plan.rows.UserContact, ann.id).sealed = b"\1" + bytes(60)
        work.session.flush()
        people = rota.on_duty(work, NOW)
        assert [one.contact.email for one in people] == ["", "bo@example.com"]


def test_somebody_stands_in_and_is_restored(office: Office) -> None:
    with office.work(TOCSIN) as work:
        made = team_with_rota(work, ["ann"])
        reach(work, make_team(work, "cy")["cy"])
        work.actor = COMMANDER
        turn = rota_turns.override(work, made.id, "cy", NOW, NOW + timedelta(hours=8))
        work.actor = TOCSIN
        assert told(rota.on_duty(work, NOW)) == [("cy", 0, "override")]
        assert told(rota.on_duty(work, NOW + timedelta(hours=8))) == [("ann", 0, "rota")]
        work.actor = COMMANDER
        rota_turns.restore(work, turn.id)
        work.actor = TOCSIN
        assert told(rota.on_duty(work, NOW)) == [("ann", 0, "rota")]


def test_turns_have_no_holes_and_end_only_where_something_changes(office: Office) -> None:
    with office.work(TOCSIN) as work:
        team_with_rota(work, ["ann", "bo"])
        turns = rota.turns_between(work, NOW - WEEK, NOW + 2 * WEEK)
        assert turns[0].start == NOW - WEEK
        assert turns[-1].until == NOW + 2 * WEEK
        assert [(one.until, told(one.on_duty)) for one in turns] == [
            (datetime(2026, 3, 2, 8, tzinfo=UTC), []),
            (datetime(2026, 3, 9, 8, tzinfo=UTC), [("ann", 0, "rota")]),
            (datetime(2026, 3, 16, 8, tzinfo=UTC), [("bo", 0, "rota")]),
            (NOW + 2 * WEEK, [("ann", 0, "rota")]),
        ]
        assert rota.turns_between(work, NOW, NOW) == []


def test_a_rota_of_one_has_one_turn(office: Office) -> None:
    with office.work(TOCSIN) as work:
        team_with_rota(work, ["ann"])
        assert len(rota.turns_between(work, NOW, NOW + 52 * WEEK)) == 1


def codes(work: Work) -> list[str]:
    return [one.code for one in rota.warnings(work)]


def test_what_will_go_wrong_is_said_before_it_does(office: Office) -> None:
    with office.work(TOCSIN) as work:
        kim = make_team(work, "kim", roles=("commander",))["kim"]
        assert codes(work) == ["nobody", "no_rota"]
        reach(work, kim)
        assert codes(work) == ["no_rota"]
        made = team_with_rota(work, ["ann"])
        assert codes(work) == []
        work.actor = COMMANDER
        rota_plan.amend(work, made.id, weekly([]), read_version=1)
        work.actor = TOCSIN
        (gap,) = rota.warnings(work)
        assert (gap.code, gap.start, gap.until) == ("gap", NOW, NOW + 2 * WEEK)
        assert "nobody is on duty as primary; commanders" in gap.text


def test_a_person_on_duty_who_cannot_be_reached_is_a_warning(office: Office) -> None:
    with office.work(TOCSIN) as work:
        reach(work, make_team(work, "kim", roles=("commander",))["kim"])
        team_with_rota(work, ["ann", "bo"], reachable=False)
        told = [(one.code, one.text.split()[0], one.start) for one in rota.warnings(work)]
        assert told == [
            ("unreachable", "ann", NOW),
            ("unreachable", "bo", datetime(2026, 3, 9, 8, tzinfo=UTC)),
        ]


def test_a_rota_without_a_first_day_has_somebody_on_duty_at_once(office: Office) -> None:
    with office.work(TOCSIN) as work:  # it is Monday, 10:00 in Berlin
        make_team(work, "ann", "bo")
        work.actor = COMMANDER
        late = weekly(["ann", "bo"], starts_on=None, weekday=0, handover=time(11))
        made = rota_plan.create(work, "watch", late)
        assert made.starts_on == date(2026, 2, 23)
        assert [one.name for one in rota.who(work, NOW)] == ["ann"]
        assert [one.name for one in rota.who(work, NOW + timedelta(hours=1))] == ["bo"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"zone": "Europe/Berln"}, "zone"),
        ({"levels": []}, "levels"),
        ({"levels": [["ann", "anne"]]}, "levels.0.1"),
        ({"levels": [["ann"], ["root"]]}, "levels.1.0"),
    ],
)
def test_what_is_wrong_with_a_rota_is_told(office: Office, changes: Any, field: str) -> None:
    with office.work(TOCSIN) as work:
        make_team(work, "ann")
        make_team(work, "root", roles=("administrator",))
        work.actor = COMMANDER
        with pytest.raises(InvalidInput) as refused:
            rota_plan.create(work, "watch", weekly(["ann"], **changes))
        (problem,) = refused.value.problems
        assert problem.field == field
        assert problem.mend or field == "levels"


def test_a_name_is_taken_once_and_an_edit_names_its_version(office: Office) -> None:
    with office.work(TOCSIN) as work:
        made = team_with_rota(work, ["ann"])
        work.actor = COMMANDER
        with pytest.raises(Conflict):
            rota_plan.create(work, "watch", weekly(["ann"]))
        rota_plan.amend(work, made.id, weekly(["ann"]), read_version=1)
        with pytest.raises(StaleEdit):
            rota_plan.amend(work, made.id, weekly(["ann"]), read_version=1)
        rota_plan.end(work, made.id)
        assert rota_plan.rotas(work) == []


def test_a_test_token_changes_no_rota(office: Office) -> None:
    drills_only = Actor(COMMANDER.id, "kim", COMMANDER.permissions, drills_only=True)
    with office.work(drills_only) as work, pytest.raises(NotPermitted, match="for drills"):
        rota_plan.create(work, "watch", weekly([]))


ICS = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:1@example.com
DTSTART;TZID=Europe/Berlin:20260302T090000
DTEND;TZID=Europe/Berlin:20260309T090000
RRULE:FREQ=WEEKLY;COUNT=3
SUMMARY:{who}
END:VEVENT
END:VCALENDAR
"""


def test_a_calendar_takes_the_place_of_the_last_one_and_a_bad_one_of_none(office: Office) -> None:
    with office.work(TOCSIN) as work:
        made = team_with_rota(work, ["ann"], ["bo"])
        work.actor = COMMANDER
        also = {"Bo Example": "bo"}
        assert rota_turns.import_calendar(work, made.id, ICS.format(who="bo")) == 3
        count = rota_turns.import_calendar(work, made.id, ICS.format(who="bo example"), also=also)
        assert count == 3
        with pytest.raises(InvalidInput, match="nothing was imported"):
            rota_turns.import_calendar(work, made.id, ICS.format(who="stranger"))
        with pytest.raises(InvalidInput, match="no such level"):
            rota_turns.import_calendar(work, made.id, ICS.format(who="bo"), level=2)
        assert told(rota.who(work, NOW)) == [("bo", 0, "calendar")]
        assert told(rota.who(work, NOW + 3 * WEEK)) == [("ann", 0, "rota"), ("bo", 1, "rota")]


@pytest.mark.parametrize(
    ("start", "until"), [(0, 0), (-2, -1), (0, 24 * 367)], ids=["empty", "past", "years"]
)
def test_nobody_stands_in_when_it_makes_no_sense(office: Office, start: int, until: int) -> None:
    with office.work(TOCSIN) as work:
        made = team_with_rota(work, ["ann"])
        work.actor = COMMANDER
        hours = [NOW + timedelta(hours=one) for one in (start, until)]
        with pytest.raises(InvalidInput):
            rota_turns.override(work, made.id, "ann", *hours)
