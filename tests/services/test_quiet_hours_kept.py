"""Quiet hours of a campaign: nobody's phone rings at night, unless two people say why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from incidents.database.base import uuid7
from incidents.database.campaigns import Campaign, Envelope
from incidents.errors import Conflict, InvalidInput, NotPermitted
from incidents.rules.permissions import Role
from incidents.services import decisions, equation, quiet
from incidents.work import TOCSIN, Actor
from notifiers.envelope import Outcome, OutcomeKind, ReceiptKind
from tests.factories import make_duty
from tests.services.telling import mailbox

PHONE, OTHER = "+12025550101", "+12025550102"
ADA, BO = (Actor.with_roles(uuid7(), name, Role.PRIVACY_OFFICER) for name in ("Ada", "Bo"))
NIGHT = datetime(2026, 3, 2, 21, 0, tzinfo=UTC)  # 22:00 in Berlin, 16:00 in New York
DUSK = NIGHT.replace(hour=19, minute=50)  # ten minutes before nine
DAY = NIGHT.replace(hour=14)
MORNING = datetime(2026, 3, 3, 7, 0, tzinfo=UTC)


@pytest.fixture
def telling(telling):
    def make(people, now=NIGHT, **settings):
        one = telling(people, **settings)
        one.clock.set(now)
        return one

    return make


def owe(one, due_at):
    with one.office.work(ADA) as work:
        make_duty(
            work,
            one.incident,
            rule="eu-gdpr-34",
            audience="people",
            title="Tell people",
            due_at=due_at,
        )


def test_at_night_messages_wait_for_the_morning_where_each_person_lives(telling):
    one = telling([{"phone": PHONE}, {"phone": OTHER, "place": "US-NY"}, mailbox(1)])
    one.launch(quiet=None)
    one.pump()
    assert one.sms.told() == [OTHER]
    assert one.email.told() == ["person1@example.com"]
    assert one.buckets() == {"accepted": 2, "waiting": 1}
    one.clock.set(MORNING - timedelta(seconds=1))
    one.pump()
    assert one.sms.told() == [OTHER]
    one.clock.set(MORNING)
    one.pump()
    assert one.sms.told() == [PHONE, OTHER]


def test_a_look_at_night_says_until_when_it_waits_and_no_time_that_is_left(telling):
    one = telling([{"phone": PHONE}, mailbox(1)])
    one.launch(quiet=None)
    one.pump()
    seen = progress(one)
    assert (seen.next_at, seen.seconds_left) == (MORNING, None)
    one.clock.set(MORNING)
    assert progress(one).next_at is None
    one.pump()
    assert progress(one).next_at is None


def progress(one):
    with one.office.look(TOCSIN) as work:
        return equation.progress(work, one.id)


def test_who_moves_on_to_a_phone_at_night_waits_too(telling):
    one = telling([mailbox(1, phone=PHONE)])
    one.launch("email", "sms", "announcement", quiet=None, waits={"email": 1})
    one.pump()
    one.tend(3600)
    waits_for_the_morning(one)


def test_what_has_not_left_when_it_grows_late_is_put_off(telling):
    one = telling([{"phone": PHONE}, {"phone": OTHER, "place": "US-NY"}], now=DAY)
    one.launch(quiet=None)
    assert {row.next_at for row in one.rows(Envelope)} == {DAY}
    one.clock.set(NIGHT.replace(hour=19, minute=57))
    one.tend()
    assert {row.next_at for row in one.rows(Envelope)} == {DAY}
    one.clock.set(NIGHT.replace(hour=19, minute=58))  # two minutes before nine
    one.tend()
    one.pump()
    assert one.sms.told() == [OTHER]
    one.clock.set(MORNING)
    one.tend()
    one.pump()
    assert one.sms.told() == [PHONE, OTHER]


def test_nobody_is_called_again_at_night(telling):
    one = telling([{"phone": PHONE}], now=DUSK)
    one.launch("call", "announcement", quiet=None)
    one.pump()
    one.clock.set(NIGHT)
    one.tend()
    one.fold(one.receipt(one.call.ledger[0], ReceiptKind.UNANSWERED))
    one.later(3600)
    assert one.pump() == 0
    one.clock.set(MORNING)
    assert one.pump() == 1


def test_what_was_not_taken_at_dusk_is_not_sent_again_at_night(telling):
    one = telling([{"phone": PHONE}], now=DUSK)
    one.launch("sms", "announcement", quiet=None)
    one.sms.answers = [lambda envelope: late(one)]
    one.pump()
    one.later(3600)
    waits_for_the_morning(one)


def test_what_somebody_lets_go_on_at_night_waits_for_the_morning(telling):
    one = telling([{"phone": PHONE}], now=DAY)
    one.launch("sms", "announcement", quiet=None)
    make_body = one.sms.body
    one.sms.body = lambda _envelope: 1 / 0
    one.pump()
    one.sms.body = make_body
    one.clock.set(NIGHT)
    with one.office.work(ADA) as work:
        assert decisions.resend_held(work, one.id, "mended") == 1
    waits_for_the_morning(one)


def test_as_many_envelopes_as_there_may_be_wait_for_the_morning(telling):
    one = telling([{"phone": PHONE}], now=DAY)
    one.launch("sms", "announcement", quiet=None)
    one.clock.set(NIGHT)
    with one.office.work(TOCSIN) as work:
        quiet.keep(work, work.session.get_one(Campaign, one.id), range(1, 100_000))
    waits_for_the_morning(one)


def waits_for_the_morning(one):
    one.pump()
    assert not one.sms.ledger
    assert one.buckets() == {"waiting": 1}
    one.clock.set(MORNING)
    one.pump()
    assert one.sms.told() == [PHONE]


def late(one):
    """It grew late while the provider made up its mind."""
    one.clock.set(NIGHT)
    return Outcome(OutcomeKind.RETRY, 429, retry_after_seconds=600.0)


def test_it_grows_late_every_day(telling):
    one = telling([{"phone": PHONE}], now=DAY)
    one.launch(quiet=None)
    for day in range(3):
        late = NIGHT.replace(hour=19, minute=59) + timedelta(days=day)
        one.clock.set(late)
        one.tend()
        assert [row.next_at for row in one.rows(Envelope)] == [MORNING + timedelta(days=day)]


def test_a_campaign_without_quiet_hours_sends_at_any_time(telling):
    one = telling([{"phone": PHONE}])
    one.launch(quiet={})
    one.pump()
    assert one.sms.told() == [PHONE]


def test_two_people_may_send_at_night_where_the_deadline_comes_first(telling):
    one = telling([{"phone": PHONE}])
    owe(one, MORNING - timedelta(hours=2))
    one.launch(quiet=None)
    with one.office.work(ADA) as work:
        quiet.ask_override(work, one.id, "72 hours end at six")
    with one.office.work(ADA) as work, pytest.raises(NotPermitted, match="second person"):
        quiet.confirm_override(work, one.id)
    one.pump()
    assert not one.sms.ledger
    with one.office.work(BO) as work:
        campaign = quiet.confirm_override(work, one.id)
        assert campaign.quiet == {}
    one.pump()
    assert one.sms.told() == [PHONE]
    with one.office.work(BO) as work, pytest.raises(Conflict):
        quiet.confirm_override(work, one.id)


@pytest.mark.parametrize("due_at", [None, MORNING, MORNING + timedelta(days=1)])
def test_where_the_morning_comes_first_it_is_waited_for(telling, due_at):
    one = telling([{"phone": PHONE}])
    if due_at:
        owe(one, due_at)
    one.launch(quiet=None)
    with one.office.work(ADA) as work, pytest.raises(Conflict, match="before any deadline"):
        quiet.ask_override(work, one.id, "we are in a hurry")


def test_an_override_needs_a_reason_and_something_that_waits(telling):
    one = telling([mailbox(1)])
    owe(one, NIGHT)
    one.launch(quiet=None)
    with one.office.work(ADA) as work, pytest.raises(InvalidInput, match="say why"):
        quiet.ask_override(work, one.id, " ")
    with one.office.work(ADA) as work, pytest.raises(Conflict, match="nothing waits"):
        quiet.ask_override(work, one.id, "in a hurry")
    with one.office.work(BO) as work, pytest.raises(Conflict, match="nobody has asked"):
        quiet.confirm_override(work, one.id)
