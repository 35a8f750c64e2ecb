"""A mail host that many people share is given more by and by; nobody else waits, nobody is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from incidents.database import pages, placements
from incidents.database.audit_entries import AuditEntry
from incidents.database.campaigns import Campaign, Delivery, Envelope, locked_campaign
from incidents.database.ramp import waiting
from incidents.database.rerouting import reroute
from incidents.errors import Conflict, InvalidInput
from incidents.rules.canary import Canary
from incidents.rules.launch_options import LaunchOptions
from incidents.rules.ramp import kept_of
from incidents.rules.tracks import Lane
from incidents.services import campaigns, dry_run, equation, ladder, planning, ramp, receipts
from incidents.work import TOCSIN
from notifiers.envelope import ReceiptKind
from tests.services.alarming import make_duty
from tests.services.telling import NOW

LARGE, SMALL = 17, 400
HOUR, STEP, SECOND = timedelta(hours=1), timedelta(minutes=5), timedelta(seconds=1)


@pytest.fixture
def ramping(telling):
    """Makes incidents of an office that has a ramp."""
    return lambda people, **settings: telling(people, **({"mail_ramp": "120/hour"} | settings))


def crowd(large=900, small=100):
    """Nine of ten at one mail host."""
    return [
        *({"email": f"p{n}@large.example.com", "mail_host": LARGE} for n in range(large)),
        *({"email": f"p{n}@small.example.com", "mail_host": SMALL} for n in range(small)),
    ]


def told(one):
    """How many people of the large host and of the others are in the ledger."""
    hosts = Counter(address.partition("@")[2].partition(".")[0] for address in one.email.told())
    return hosts["large"], hosts["small"]


def pump_at(one, moment):
    one.clock.set(moment)
    one.pump()
    return told(one)


def test_the_others_are_told_at_once_and_the_large_host_by_and_by(ramping):
    one = ramping(crowd())
    one.launch("email", "announcement")
    assert pump_at(one, NOW) == (7, 100)
    assert pump_at(one, NOW + HOUR - SECOND) == (120, 100)
    assert pump_at(one, NOW + 2 * HOUR - SECOND) == (360, 100)
    assert pump_at(one, NOW + 4 * HOUR) == (900, 100)
    assert one.buckets() == {"accepted": 1000}
    assert max(Counter(one.email.told()).values()) == 1


def test_two_large_hosts_climb_side_by_side_and_one_message_a_person_keeps_to_it_too(ramping):
    other = [{"email": f"p{n}@small.example.com", "mail_host": SMALL} for n in range(300)]
    one = ramping([*crowd(400, 0), *other], people_per_envelope=1)
    one.launch("email", "announcement")
    assert pump_at(one, NOW) == (7, 7)
    assert pump_at(one, NOW + HOUR - SECOND) == (120, 120)
    assert pump_at(one, NOW + 2 * HOUR) == (389, 300)


def test_a_canary_is_the_beginning_of_the_ramp_and_the_others_go_on_where_it_left_off(ramping):
    one = ramping(crowd())
    one.launch("email", "announcement", canary=Canary(people=100, hold_seconds=600))
    first = pump_at(one, NOW)
    assert first[0] == 7
    one.tend()
    one.tend(600)
    for minutes in range(15, 60, 5):
        large, small = pump_at(one, NOW + timedelta(minutes=minutes))
        assert large <= 120
    assert small == 100
    assert pump_at(one, NOW + 5 * HOUR) == (900, 100)


def test_a_canary_that_waits_for_a_person_saves_nothing_up(ramping):
    one = ramping(crowd())
    one.launch("email", "announcement", canary=Canary(people=10, by_hand=True))
    one.pump()
    one.tend()
    one.later(48 * 3600)
    one.pump()
    with one.office.work(TOCSIN) as work:
        campaigns.go_on(work, one.id)
    assert pump_at(one, one.clock.now())[0] <= 30


def test_what_was_paused_goes_on_where_it_was_and_does_not_burst_out(ramping):
    one = ramping(crowd())
    one.launch("email", "announcement")
    assert pump_at(one, NOW + HOUR - SECOND) == (120, 100)
    with one.office.work(TOCSIN) as work:
        campaigns.pause(work, one.id)
    one.clock.set(NOW + 11 * HOUR)
    with one.office.work(TOCSIN) as work:
        campaigns.resume(work, one.id)
    assert pump_at(one, NOW + 11 * HOUR)[0] == pytest.approx(127, abs=10)
    assert pump_at(one, NOW + 12 * HOUR - SECOND)[0] == 360
    assert pump_at(one, NOW + 14 * HOUR) == (900, 100)


def test_while_nothing_leaves_nothing_is_saved_up(ramping):
    one = ramping(crowd())
    one.launch("email", "announcement")
    one.pump()
    for _ in range(24):
        one.tend(300)  # two hours in which no sender is there
    large, _ = pump_at(one, one.clock.now())
    assert large <= 7 + 2 * 10
    with one.office.look(TOCSIN) as work:
        kinds = [entry.kind for entry in work.session.scalars(select(AuditEntry))]
    assert "campaign.ramp" in kinds


def test_while_much_is_deferred_the_next_step_waits(ramping):
    one = ramping(crowd())
    one.launch("email", "announcement")
    one.pump()
    defer(one)
    one.tend(300)
    assert told(one)[0] == 7
    assert pump_at(one, NOW + STEP) == (7, 100)
    one.tend(300)
    assert pump_at(one, NOW + 2 * STEP)[0] > 7


def defer(one):
    """The large host puts everybody off whom it has been given."""
    (envelope,) = [sent for sent in one.email.ledger if "large" in sent.people[0].address]
    with one.office.work(TOCSIN) as work:
        put_off = [
            one.receipt(envelope, ReceiptKind.DEFERRED, number)
            for number in range(len(envelope.people))
        ]
        receipts.fold(work, "sendgrid", put_off)


@pytest.mark.parametrize(("hours", "ends"), [(10, 3.09), (2, 1.8)])
def test_a_deadline_makes_it_as_steep_as_it_must_be(ramping, hours, ends):
    one = ramping(crowd())
    with one.office.work(TOCSIN) as work:
        make_duty(work, one.incident, hours=hours, audience="people")
    one.launch("email", "announcement")
    with one.office.look(TOCSIN) as work:
        found = ramp.on_ramp(work, work.session.get_one(Campaign, one.id))
    assert found.is_steep is (hours == 2)
    assert 0 <= ends * HOUR / STEP - (found.ends_at - NOW) / STEP <= 1
    assert pump_at(one, NOW + ends * HOUR) == (900, 100)


def test_where_the_deadline_leaves_no_time_all_leave_at_once(ramping):
    one = ramping(crowd())
    with one.office.work(TOCSIN) as work:
        make_duty(work, one.incident, hours=0.05, audience="people")
    one.launch("email", "announcement")
    assert pump_at(one, NOW) == (900, 100)


def test_a_deadline_that_comes_to_be_known_later_draws_it_together(ramping):
    one = ramping(crowd())
    one.launch("email", "announcement")
    one.pump()
    with one.office.work(TOCSIN) as work:
        make_duty(work, one.incident, hours=1, audience="people")
    one.tend(300)
    assert pump_at(one, NOW + 0.9 * HOUR) == (900, 100)


def plan(one, *ladder, **options):
    with one.office.look(TOCSIN) as work:
        rungs = ladder or ("email", "announcement")
        return dry_run.plan(work, one.notice.id, LaunchOptions(rungs, **options))


def test_the_dry_run_says_who_waits_and_until_when(ramping):
    one = ramping(crowd())
    said = plan(one)
    assert [(leg.people, leg.ramp_until is not None) for leg in said.legs] == [
        (100, False),
        (900, True),
    ]
    assert (said.ramp.people, said.ramp.first, said.ramp.period_seconds) == (900, 120, 3600)
    assert said.ends_at == said.ramp.ends_at
    one.launch("email", "announcement")
    with one.office.look(TOCSIN) as work:
        assert waiting(work.session, one.id)[-1].at == said.ends_at
    assert sum(row.people_count for row in one.rows(Envelope) if row.mail_host) == 900
    assert sum(leg.envelopes for leg in said.legs) == len(one.rows(Envelope))


def test_the_dry_run_warns_of_a_host_that_is_given_very_many_at_once(ramping):
    one = ramping([{"email": f"p{n}@x.example.com", "mail_host": LARGE} for n in range(50_001)])
    with one.office.work(TOCSIN) as work:
        make_duty(work, one.incident, hours=0.05, audience="people")
    said = "50,001 people at one mail host are sent e-mail at once"
    assert f"{said}: the deadline leaves no time for a ramp" in plan(one).warnings
    one.office = replace(
        one.office, settings=one.office.settings.model_copy(update={"mail_ramp": ""})
    )
    assert any(w.startswith(f"{said};") and "TOCSIN_MAIL_RAMP" in w for w in plan(one).warnings)


def test_progress_says_who_waits_and_until_when(ramping):
    one = ramping(crowd())
    one.launch("email", "announcement")
    one.pump()
    with one.office.look(TOCSIN) as work:
        seen = equation.progress(work, one.id)
    assert (seen.ramp.people, seen.ramp.next_at) == (893, NOW + STEP)
    assert seen.seconds_left >= (seen.ramp.ends_at - NOW).total_seconds()
    one.clock.set(NOW + 4 * HOUR)
    one.pump()
    with one.office.look(TOCSIN) as work:
        assert equation.progress(work, one.id).ramp is None


def test_somebody_may_end_it_with_a_reason_and_then_nobody_waits(ramping):
    one = ramping(crowd())
    one.launch("email", "announcement")
    one.pump()
    with one.office.work(TOCSIN) as work:
        with pytest.raises(InvalidInput):
            ramp.end(work, one.id, " ")
        ramp.end(work, one.id, "the host knows us")
    assert pump_at(one, NOW) == (900, 100)
    with one.office.work(TOCSIN) as work, pytest.raises(Conflict):
        ramp.end(work, one.id, "once more")


@pytest.mark.parametrize("setting", ["", "900/hour"])
def test_without_a_ramp_or_a_large_host_nothing_is_kept_and_nobody_waits(ramping, setting):
    one = ramping(crowd(), mail_ramp=setting)
    one.launch("email", "announcement")
    (campaign,) = one.rows(Campaign)
    assert (campaign.ramp, campaign.ramps_at) == ({}, None)
    assert pump_at(one, NOW) == (900, 100)


def test_who_moves_up_to_email_joins_the_ramp_of_their_host(ramping):
    people = [{**person, "phone": "+12025550101"} for person in crowd(600, 0)]
    one = ramping([*people, *crowd(300, 0)])
    one.launch("sms", "email", "announcement")
    assert pump_at(one, NOW)[0] == 7
    with one.office.work(TOCSIN) as work:
        for row in work.session.scalars(select(Delivery).where(Delivery.channel == "sms")):
            row.is_current, row.outcome = False, "failed"
        work.session.flush()
        ladder.move_on(work, locked_campaign(work.session, one.id), one.people[:600])
        (kept,) = [kept_of(row.ramp) for row in work.session.scalars(select(Campaign))]
    assert kept.placed == {LARGE: 900}
    assert pump_at(one, NOW + HOUR - SECOND)[0] == 120
    assert pump_at(one, NOW + 4 * HOUR)[0] == 900


def test_what_another_provider_takes_over_keeps_its_step(ramping):
    one = ramping(crowd())
    one.launch("email", "announcement")
    with one.office.work(TOCSIN) as work:
        campaign = locked_campaign(work.session, one.id)
        before = waiting(work.session, one.id)
        for size in (1_000, 10):
            lane = Lane("other", max_people=size)
            reroute(work.session, campaign, "sendgrid", "email", lane, work.now)
            work.session.expire_all()
            work.session.execute(update(Envelope).values(provider="sendgrid"))
            assert waiting(work.session, one.id) == before


def test_two_providers_share_the_ramp_of_a_host(ramping):
    one = ramping(crowd())
    with one.office.work(TOCSIN) as work:
        campaign = campaigns.prepared(work, one.notice.id, LaunchOptions(("email", "announcement")))
        campaign.status = "paused"
        work.session.add(campaign)
        work.session.flush()
        kinds = pages.kinds_on_page(work.session, campaign, None)
        placing = planning.placing(work, campaign, kinds)
        lanes = {"email": [Lane("sendgrid", 3, 100), Lane("smtp", 1, 1)]}
        placements.place_page(work.session, replace(placing, lanes=lanes), None)
        found = waiting(work.session, campaign.id)
        by_provider = Counter[str]()
        for row in work.session.scalars(select(Envelope)):
            by_provider[row.provider] += row.people_count
    assert sum(step.people for step in found if step.at < NOW + HOUR) == 120
    assert by_provider == {"sendgrid": 750, "smtp": 250}
