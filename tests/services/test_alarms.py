"""What is due rings, once, for whoever is on duty, until somebody acknowledges it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from incidents.database.alarms import Alarm, AlarmPage, pages_of
from incidents.database.duties import Duty
from incidents.database.incidents import Incident, timeline_of
from incidents.errors import InvalidInput, NotPermitted
from incidents.services import (
    alarm_answers,
    alarm_schedule,
    alarms,
    duties,
    incidents,
    ownership,
    review,
)
from incidents.work import TOCSIN
from tests.conftest import NOW
from tests.factories import make_incident, make_user
from tests.services.alarming import (
    Died,
    MemoryPager,
    make_duty,
    make_on_duty,
    make_rota,
    ring,
)

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def pager():
    return MemoryPager("sms")


def owned(work, **changes):
    """An incident that somebody owns: it rings for its duties alone."""
    return make_incident(work, owner_id=TOCSIN.id, **changes)


def set_up(office, hours=72, **changes):
    """Ada on duty, and one incident with one duty."""
    with office.work(TOCSIN) as work:
        make_on_duty(work)
        incident = owned(work)
        return incident, make_duty(work, incident, hours, **changes)


def the_alarm(office):
    with office.look(TOCSIN) as work:
        return work.session.scalars(select(Alarm)).one()


def acknowledge(office, actor):
    with office.work(actor("responder")) as work:
        alarm_answers.acknowledge(work, the_alarm(office).id)


def test_a_duty_rings_at_each_rung_and_then_at_each_full_hour(office, clock, pager, actor):
    set_up(office)
    rang = []
    for half_hours in range(2 * 75 + 1):
        clock.set(NOW + half_hours * HOUR / 2)
        if ring(office, pager):
            rang.append(half_hours / 2)
            with office.work(actor("responder")) as work:
                for row in work.session.scalars(select(Alarm).where(Alarm.state == "open")):
                    alarm_answers.acknowledge(work, row.id)
    assert rang == [36, 54, 65, 72, 73, 74, 75]
    assert len(pager.woken) == 7


def test_an_alarm_says_what_is_due_by_local_time_and_utc_and_nothing_of_the_incident(
    office, clock, pager
):
    incident, _ = set_up(office)
    clock.set(NOW + 36 * HOUR)
    ring(office, pager)
    ((to, page),) = pager.woken
    assert to.name == "Ada"
    assert incident.title not in page.subject + page.text + page.short
    assert page.subject == f"{incident.number}: 1 duty to be met, the first due in 36 h 00 min"
    assert "- Tell the authority: due in 36 h 00 min, Thu 05 Mar 09:00 UTC" in page.text
    assert page.code == the_alarm(office).code
    assert page.link.startswith("http://127.0.0.1:8040/alarms/")
    assert len(page.short) <= 160


def test_all_that_is_due_in_one_incident_is_one_alarm(office, clock, pager):
    with office.work(TOCSIN) as work:
        make_on_duty(work)
        for _ in range(2):
            incident = owned(work)
            for _ in range(20):
                make_duty(work, incident)
    clock.set(NOW + 36 * HOUR)
    assert ring(office, pager) == 2
    assert [page.subject.count("20 duties") for _, page in pager.woken] == [1, 1]
    assert "- and 8 more" in pager.woken[0][1].text


def test_it_rings_again_until_somebody_acknowledges(office, clock, pager, actor):
    set_up(office)
    begin = NOW + 36 * HOUR
    rang = []
    for minute in range(61):
        clock.set(begin + minute * MINUTE)
        if ring(office, pager):
            rang.append(minute)
    assert rang == [0, 5, 15, 35]
    acknowledge(office, actor)
    clock.set(NOW + 53 * HOUR)
    assert not ring(office, pager)
    clock.set(NOW + 54 * HOUR)
    assert ring(office, pager)


def test_each_level_is_woken_after_the_one_before_and_then_all_again(office, clock, pager):
    with office.work(TOCSIN) as work:
        for name in ("Ada", "Bo", "Cy"):
            make_on_duty(work, name, role="responder")
        make_rota(work, ["Ada"], ["Bo"], ["Cy"])
        make_duty(work, owned(work))
    begin = NOW + 36 * HOUR
    woken = []
    for minute in (0, 4, 5, 10, 15, 20, 25):
        clock.set(begin + minute * MINUTE)
        ring(office, pager)
        woken.append(pager.names)
        pager.forget()
    everybody = ["Ada", "Bo", "Cy"]
    assert woken == [["Ada"], [], ["Ada", "Bo"], everybody, everybody, [], everybody]


def test_who_acknowledged_is_on_record(office, clock, pager, actor):
    incident, _ = set_up(office)
    clock.set(NOW + 36 * HOUR)
    ring(office, pager)
    responder = actor("responder")
    with office.work(responder) as work:
        alarm = alarm_answers.acknowledge(work, the_alarm(office).id)
        again = alarm_answers.acknowledge(work, alarm.id)
    assert again.state == "acknowledged"
    assert (alarm.heard_by, alarm.heard_how, alarm.heard_at) == (responder.id, "api", clock.now())
    with office.look(TOCSIN) as work:
        lines = [line.text for line in timeline_of(work.session, incident.id)]
    assert lines == ["Alarm rang (1 woken: sms accepted 1)", "Alarm acknowledged (api)"]
    with office.work(actor("auditor")) as work, pytest.raises(NotPermitted):
        alarm_answers.acknowledge(work, alarm.id)


def test_many_processes_ring_each_alarm_exactly_once(office, clock, pager):
    with office.work(TOCSIN) as work:
        make_on_duty(work)
        for _ in range(6):
            incident = owned(work)
            for _ in range(5):
                make_duty(work, incident)
    clock.set(NOW + 36 * HOUR)
    barrier = Barrier(4)

    def process(_):
        barrier.wait()
        return ring(office, pager)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(process, range(4))) == 6
    assert len(pager.woken) == 6
    with office.look(TOCSIN) as work:
        assert {one.ring_count for one in work.session.scalars(select(Alarm))} == {1}


def test_a_process_killed_between_claim_and_page_rings_again_after_the_lease(
    office, clock, pager, settings
):
    set_up(office)
    clock.set(NOW + 36 * HOUR)
    with pytest.raises(Died):
        ring(office, MemoryPager("sms", dies=True))
    clock.set(clock.now() + timedelta(seconds=settings.alarm_lease_seconds - 1))
    assert not ring(office, pager)
    clock.set(clock.now() + timedelta(seconds=1))
    assert ring(office, pager) == 1
    with office.look(TOCSIN) as work:
        pages = pages_of(work.session, the_alarm(office).id)
        assert [page.outcome for page in pages] == ["pending", "accepted"]
        assert alarms.lag(work) == 0


def test_what_falls_due_while_another_process_rings_is_rung_too(office, clock, pager):
    """Found out by a pager that makes more fall due while it pages."""
    incident, _ = set_up(office)
    clock.set(NOW + 36 * HOUR)

    class Meanwhile(MemoryPager):
        def page(self, to, page):
            if not self.woken:
                with office.work(TOCSIN) as work:
                    row = work.session.get_one(Incident, incident.id)
                    started = {"start_at": NOW, "title": "Tell the people"}
                    make_duty(work, row, 1, **started)
                super().page(to, page)
                ring(office, pager)
            return super().page(to, page)

    ring(office, Meanwhile("sms"))
    assert "Tell the people" in pager.woken[0][1].text
    assert the_alarm(office).ring_count == 2


def test_nobody_reached_is_tried_again_in_a_minute(office, clock, pager):
    set_up(office)
    clock.set(NOW + 36 * HOUR)
    ring(office, MemoryPager("sms", outcome="refused"))
    clock.set(clock.now() + MINUTE)
    assert ring(office, pager) == 1
    assert len(pager.woken) == 1


def test_nobody_on_duty_is_told_in_the_story_and_rings_again(office, clock, pager):
    with office.work(TOCSIN) as work:
        incident = owned(work)
        make_duty(work, incident)
    clock.set(NOW + 36 * HOUR)
    assert ring(office, pager) == 1
    with office.look(TOCSIN) as work:
        assert "nobody is on duty" in timeline_of(work.session, incident.id)[-1].text
    with office.work(TOCSIN) as work:
        make_on_duty(work)
    clock.set(clock.now() + 5 * MINUTE)
    ring(office, pager)
    assert pager.names == ["Ada"]


@pytest.mark.parametrize(
    "changes",
    [
        {"is_target": True},
        {"standing": "recommended"},
        {"standing": "unknown"},
        {"details": {"confidence": "low"}},
    ],
    ids=["a target of ours", "recommended", "not known yet", "a law we are not sure of"],
)
def test_soft_duties_are_written_of_and_never_wake_anybody(office, clock, changes):
    set_up(office, **changes)
    mail, sms, call = MemoryPager("email"), MemoryPager("sms"), MemoryPager("call")
    clock.set(NOW + 36 * HOUR)
    assert ring(office, mail, sms, call) == 1
    assert (len(mail.woken), len(sms.woken), len(call.woken)) == (1, 0, 0)
    clock.set(clock.now() + 10 * HOUR)
    assert not ring(office, mail, sms, call)
    assert the_alarm(office).state == "open"


def test_a_duty_that_nobody_has_decided_wakes_people_when_its_time_is_nearly_over(office, clock):
    set_up(office, standing="unknown")
    sms = MemoryPager("sms")
    for hours, calls in ((36, 0), (54, 0), (65, 1)):
        clock.set(NOW + hours * HOUR)
        ring(office, MemoryPager("email"), sms)
        assert len(sms.woken) == calls


def test_a_soft_alarm_reaches_whoever_has_only_a_telephone(office, clock):
    with office.work(TOCSIN) as work:
        make_on_duty(work, "Bo", phone="+12025550142")
        make_duty(work, owned(work), is_target=True)
    mail, sms, call = MemoryPager("email", "no_address"), MemoryPager("sms"), MemoryPager("call")
    clock.set(NOW + 36 * HOUR)
    ring(office, mail, sms, call)
    assert (sms.names, call.names) == (["Bo"], [])


def test_a_duty_met_or_waived_is_silent_and_one_taken_up_again_rings(office, clock, pager, actor):
    _, duty = set_up(office)
    clock.set(NOW + 36 * HOUR)
    ring(office, pager)
    with office.work(actor("privacy_officer")) as work:
        assert duties.waive(work, duty.id, "counsel says so").next_alarm_at is None
    clock.set(NOW + 37 * HOUR)
    assert not ring(office, pager)
    assert the_alarm(office).state == "over"
    with office.work(actor("privacy_officer")) as work:
        duties.reopen(work, duty.id, "counsel errs")
    assert ring(office, pager) == 1


def test_an_incident_that_is_over_rings_no_more(office, clock, pager):
    incident, duty = set_up(office, standing="recommended")
    with office.work(TOCSIN) as work:
        row = work.session.get_one(Incident, incident.id)
        row.status = "closed"
        alarm_schedule.reschedule(work, row, [work.session.get_one(Duty, duty.id)])
        assert alarms.uncovered(work) == 0
    clock.set(NOW + 100 * HOUR)
    assert not ring(office, pager)


def test_a_due_time_that_moves_earlier_past_rungs_rings_at_once_and_once(office, clock, pager):
    incident, duty = set_up(office)
    clock.set(NOW + 30 * HOUR)
    with office.work(TOCSIN) as work:
        row = work.session.get_one(Duty, duty.id)
        row.due_at = NOW + 32 * HOUR
        alarm_schedule.reschedule(work, work.session.get_one(Incident, incident.id), [row])
    assert ring(office, pager) == 1
    assert len(pager.woken) == 1
    with office.look(TOCSIN) as work:
        assert work.session.get_one(Duty, duty.id).next_alarm_at == NOW + 32 * HOUR


def test_an_incident_without_an_owner_rings_after_15_minutes_until_it_has_one(
    office, clock, pager, actor
):
    with office.work(TOCSIN) as work:
        make_on_duty(work)
        make_user(work, "responder", name="Bo")
        make_user(work, "auditor", name="Cy")
        incident = incidents.open_incident(work, title="A leak", kind="other")
    clock.set(NOW + 14 * MINUTE)
    assert not ring(office, pager)
    clock.set(NOW + 15 * MINUTE)
    assert ring(office, pager) == 1
    assert pager.woken[0][1].subject.endswith("nobody owns it since 15 min")
    with office.work(actor("commander")) as work:
        version = work.session.get_one(Incident, incident.id).version
        with pytest.raises(InvalidInput, match="Cy cannot own"):
            ownership.own(work, incident.id, version, name="Cy")
        owner = ownership.own(work, incident.id, version, name="Bo")
        assert owner.owner_alarm_at is None
    clock.set(NOW + 20 * MINUTE)
    pager.forget()
    ring(office, pager)
    assert pager.woken == []
    assert not the_alarm(office).is_loud  # it is about our own targets still


def test_ringing_leaves_the_version_of_an_incident_alone(office, clock, pager):
    """Else whoever edits it at that moment would be told that it changed."""
    with office.work(TOCSIN) as work:
        incident = incidents.open_incident(work, title="A leak", kind="other")
    clock.set(NOW + 15 * MINUTE)
    assert ring(office, pager) == 1
    with office.look(TOCSIN) as work:
        row = work.session.get_one(Incident, incident.id)
        assert (row.version, row.owner_alarm_at) == (incident.version, NOW + HOUR)


def test_whoever_first_moves_an_incident_owns_it(office, actor):
    commander = actor("commander")
    with office.work(TOCSIN) as work:
        incident = incidents.open_incident(work, title="A leak", kind="other")
    with office.work(commander) as work:
        moved = incidents.move(work, incident.id, "triage")
        assert (moved.owner_id, moved.owner_alarm_at) == (commander.id, None)


def test_every_duty_and_task_of_a_real_incident_is_covered_and_rings(office, clock, pager):
    with office.work(TOCSIN) as work:
        make_on_duty(work)
        facts = {
            "role": "controller",
            "establishment": "DE",
            "breach_kinds": ["confidentiality"],
            "people_by_place": {"DE": 900, "CN": 5, "US-CA": 700},
            "aware_at": NOW.isoformat(),
        }
        incidents.open_incident(work, title="A leak", kind="personal_data_leak", facts=facts)
        assert alarms.uncovered(work) == 0
        due = select(Duty).where(Duty.status == "open", Duty.due_at.is_not(None))
        assert work.session.scalars(due).all()
    for hours in (1, 12, 40, 80, 400):
        clock.set(NOW + hours * HOUR)
        ring(office, pager)
        with office.look(TOCSIN) as work:
            assert (alarms.uncovered(work), alarms.lag(work)) == (0, 0)
    about = {one["kind"] for one in the_alarm(office).about}
    assert about == {"duty", "task", "owner"}


def test_a_duty_that_lacks_its_alarm_is_found_and_mended(office):
    incident, duty = set_up(office)
    with office.work(TOCSIN) as work:
        work.session.execute(update(Duty).values(next_alarm_at=None))
        work.session.execute(update(Incident).values(review_due=False))
        assert alarms.uncovered(work) == 1
    with office.work(TOCSIN) as work:
        assert alarms.mend(work) == 1
    with office.look(TOCSIN) as work:
        assert alarms.uncovered(work) == 0
        assert work.session.get_one(Duty, duty.id).next_alarm_at == NOW + 36 * HOUR
        assert timeline_of(work.session, incident.id)[-1].text.startswith("Had no alarm")


def test_the_lag_is_that_of_the_alarm_that_waits_longest(office, clock):
    set_up(office)
    clock.set(NOW + 36 * HOUR + timedelta(seconds=90))
    with office.look(TOCSIN) as work:
        assert alarms.lag(work) == 90


def test_an_alarm_of_a_drill_says_so_in_every_word_and_is_paged_by_the_sandbox_alone(
    office, clock, actor
):
    with office.work(TOCSIN) as work:
        make_on_duty(work)
        make_duty(work, owned(work, mode="drill"))
    clock.set(NOW + 36 * HOUR)
    sandbox, asked = MemoryPager("sandbox"), []
    alarms.ring_due(office, lambda mode: asked.append(mode) or [sandbox])
    assert asked == ["drill"]
    ((_, page),) = sandbox.woken
    assert page.drill
    assert all("DRILL" in words for words in (page.subject, page.text, page.short))
    with office.look(TOCSIN) as work:
        assert alarms.lag(work) == 0


def test_the_database_refuses_to_page_a_drill_on_a_real_channel(office, clock):
    with office.work(TOCSIN) as work:
        make_on_duty(work)
        make_duty(work, owned(work, mode="drill"))
    clock.set(NOW + 36 * HOUR)
    sms = MemoryPager("sms")
    ring(office, sms)
    assert sms.woken == []
    ring(office, MemoryPager("sandbox"))
    for changes in ({"channel": "sms"}, {"mode": "live", "channel": "sms"}):
        with office.work(TOCSIN) as work:
            with pytest.raises(Exception, match=r"drill_sandboxed|is fixed|FOREIGN|foreign"):
                work.session.execute(update(AlarmPage).values(**changes))
            work.session.rollback()


def test_one_incident_has_one_open_alarm(office):
    with office.work(TOCSIN) as work:
        incident = owned(work)
        values = {"incident_id": incident.id, "mode": "live", "state": "open", "is_loud": True}
        rest = {"about": [], "opened_at": work.now}
        work.session.add(Alarm(**values, **rest, code="000001"))
        work.session.flush()
        work.session.add(Alarm(**values, **rest, code="000002"))
        with pytest.raises(IntegrityError):
            work.session.flush()
        work.session.rollback()


def test_what_is_forecast_is_what_rings_if_nobody_does_anything(office, clock, pager):
    set_up(office, 30)
    with office.work(TOCSIN) as work:
        incident = owned(work, opened_at=NOW)
        make_duty(work, incident, 20)
        make_duty(work, incident, 10, is_target=True)
    until = NOW + 40 * HOUR
    with office.look(TOCSIN) as work:
        forecast = alarms.upcoming(work, until)
    assert len({one.id for one in forecast}) == len(forecast)
    told = {(one.at, one.subject) for one in forecast}
    seen = set()
    while clock.now() < until:
        clock.set(clock.now() + 30 * MINUTE / 2)
        ring(office, pager, MemoryPager("email"))
        with office.work(TOCSIN) as work:
            for row in work.session.scalars(select(Alarm).where(Alarm.state == "open")):
                alarm_answers.acknowledge(work, row.id)
        seen |= {(clock.now(), page.subject) for _, page in pager.woken}
        pager.forget()
    assert seen
    assert seen <= told


def test_an_open_alarm_is_forecast_as_it_escalates(office, clock, pager):
    incident, _ = set_up(office)
    clock.set(NOW + 36 * HOUR)
    ring(office, pager)
    with office.look(TOCSIN) as work:
        found = alarms.upcoming(work, clock.now() + 20 * MINUTE)
    assert [(one.at - clock.now()) / MINUTE for one in found] == [5, 10, 20]
    assert {one.incident_number for one in found} == {incident.number}


def test_an_incident_from_before_there_were_alarms_is_covered_by_its_next_review(office, clock):
    with office.work(TOCSIN) as work:
        incident = incidents.open_incident(work, title="A leak", kind="personal_data_leak")
        work.session.execute(update(Duty).values(next_alarm_at=None))
        nothing = {"owner_alarm_at": None, "review_due": True}
        work.session.execute(update(Incident).values(**nothing))
    clock.set(NOW + HOUR)
    with office.work(TOCSIN) as work:
        review.review(work, incident.id)
        assert alarms.uncovered(work) == 0
        assert work.session.get_one(Incident, incident.id).owner_alarm_at == clock.now()
