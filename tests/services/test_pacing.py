"""Providers in trouble are left alone and tried again; those with a pace are kept to it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select

from incidents.database.audit_entries import AuditEntry
from incidents.database.campaigns import Attempt
from incidents.database.providers import Pace, ProviderState
from incidents.services import pacing, sending
from incidents.work import TOCSIN
from notifiers.envelope import Outcome, OutcomeKind, Trouble
from notifiers.errors import Refused
from tests.services.telling import NOW, UNKNOWN, mailbox

AWAY = Outcome(OutcomeKind.RETRY, reason="not connected", trouble=Trouble.UNREACHABLE)
NO_KEY = Outcome(OutcomeKind.RETRY, 401, reason="sendgrid 401", retry_after_seconds=60.0)
SLOW_DOWN = Outcome(OutcomeKind.RETRY, 429, reason="sendgrid 429", retry_after_seconds=30.0)


@pytest.fixture
def telling(telling):
    return partial(telling, settle_seconds=60.0)


def phones(count):
    return [{"phone": f"+1202555{n:04}"} for n in range(count)]


def state(one):
    (row,) = one.rows(ProviderState)
    return row


def granted(one):
    """How many envelopes one sender may lease now."""
    return len(sending._lease(one.office, [one.id], bulk=True)[0])


def test_a_provider_that_nobody_can_reach_is_left_alone_until_a_probe(telling):
    one = telling(phones(20), messages_per_lease=5)
    one.launch("sms")
    one.sms.answers = [AWAY] * 5
    one.pump()
    assert (state(one).breaker, state(one).reason) == ("open", "unreachable")
    assert len(one.rows(Attempt)) == 5, "fifteen were ready, and none of them left"
    one.later(4)
    one.pump()
    assert len(one.rows(Attempt)) == 5
    one.later(2)
    one.sms.answers = [AWAY]
    one.pump()
    assert (state(one).breaker, len(one.rows(Attempt))) == ("open", 6), "one probe, no more"
    one.later(11)
    one.pump()
    assert (state(one).breaker, one.buckets()) == ("closed", {"accepted": 20})
    assert len(set(one.sms.told())) == 20


def test_other_providers_go_on_meanwhile(telling):
    one = telling([mailbox(1), *phones(6)], messages_per_lease=5)
    one.launch("sms", "email")
    one.sms.answers = [AWAY] * 6
    one.pump()
    assert one.email.told() == ["person1@example.com"]


def test_a_provider_that_fails_most_calls_is_left_alone(telling):
    one = telling(phones(40), messages_per_lease=10)
    one.launch("sms")
    one.sms.answers = [UNKNOWN] * 10
    one.pump()
    assert (state(one).breaker, one.buckets()) == ("open", {"unknown": 10, "waiting": 30})


def test_a_refused_key_loses_nobody_and_moves_nobody_to_another_channel(telling):
    one = telling([mailbox(n, phone=f"+1202555010{n}") for n in range(5)], people_per_envelope=1)
    one.launch()
    one.email.answers = [NO_KEY] * 5
    one.pump()
    assert (state(one).breaker, state(one).reason) == ("open", "credentials")
    assert one.buckets() == {"waiting": 5}
    one.later(59)
    one.pump()
    assert one.email.ledger == []
    one.later(120)
    one.pump()
    assert one.buckets() == {"accepted": 5}
    assert one.sms.ledger == []


def test_a_429_keeps_everything_back_as_long_as_the_provider_asks(telling):
    one = telling(phones(10), messages_per_lease=2)
    one.launch("sms")
    one.sms.answers = [SLOW_DOWN]
    one.pump()
    assert len(one.rows(Attempt)) == 2
    assert state(one).blocked_until == NOW + timedelta(seconds=30)
    one.later(29)
    one.pump()
    assert len(one.rows(Attempt)) == 2
    one.later(30)
    one.pump()
    assert one.buckets() == {"accepted": 10}


def test_a_breaker_says_on_the_trail_why_it_opened(telling):
    one = telling(phones(5))
    one.launch("sms")
    one.sms.answers = [AWAY] * 5
    one.pump()
    with one.office.look(TOCSIN) as work:
        kinds = work.session.scalars(select(AuditEntry.kind)).all()
    assert "provider.trip" in kinds


def test_no_more_leaves_than_the_tokens_cover_however_many_senders_ask(telling):
    one = telling(phones(60), pace="twilio=100 requests", messages_per_lease=10)
    one.launch("sms")
    assert granted(one) == granted(one) == 10
    assert granted(one) == 5, "a bucket of a quarter of a second"
    assert granted(one) == 0
    one.later(0.1)
    assert granted(one) == 10


def test_a_pace_of_recipients_counts_the_people_of_an_envelope(telling):
    people = [mailbox(n) for n in range(60)]
    one = telling(people, pace="sendgrid=100 recipients", people_per_envelope=20)
    one.launch("email")
    assert granted(one) == 1
    one.later(0.2)
    assert granted(one) == 1


def test_segments_are_counted_at_the_worst_that_a_name_can_make_of_a_text():
    assert pacing.most_segments("A short text.") == 1
    assert pacing.most_segments("Dear %%a1b2.name.t%%, " + "x" * 60) == 2


def test_a_pace_that_was_set_anew_holds_from_the_next_lease(telling):
    one = telling(phones(60), pace="twilio=4 requests")
    one.launch("sms")
    assert granted(one) == 1
    one.office.settings.__dict__["pace"] = "twilio=40 requests"
    one.later(1)
    assert granted(one) == 10
    assert [row.rate for row in one.rows(Pace)] == [40]


def test_a_429_halves_the_pace_once_however_many_were_on_the_wire(telling):
    one = telling(phones(20), pace="twilio=100 requests", messages_per_lease=10)
    one.launch("sms")
    one.sms.answers = [SLOW_DOWN] * 10
    one.pump()
    assert [row.factor for row in one.rows(Pace)] == [0.5]


def test_where_no_pace_is_set_and_nobody_is_in_trouble_nothing_is_written(telling):
    one = telling(phones(20))
    one.launch("sms")
    one.pump()
    assert one.rows(Pace) == one.rows(ProviderState) == []


def test_what_we_refuse_ourselves_says_nothing_of_the_provider(telling):
    one = telling(phones(20))
    one.launch("sms")

    def refuse(envelope):
        raise Refused("no such alphabet")

    one.sms.body = refuse
    one.pump()
    assert one.rows(ProviderState) == []
