"""What surely never left goes to another provider; what may have left stays where it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from incidents.database import providers
from incidents.database.audit_entries import AuditEntry
from incidents.database.campaigns import Envelope
from incidents.rules.breaker import Breaker, heard, is_given_up, probing
from incidents.work import TOCSIN
from notifiers.dispatch import Dispatch
from notifiers.envelope import Finding, FindingKind, Outcome, OutcomeKind, Trouble
from tests.services.telling import NOW, UNKNOWN, Scripted, mailbox

AWAY = Outcome(OutcomeKind.RETRY, reason="not connected", trouble=Trouble.UNREACHABLE)
NO_KEY = Outcome(OutcomeKind.RETRY, 401, reason="sendgrid 401", retry_after_seconds=60.0)


@pytest.fixture
def telling(telling):
    def make(people, **settings):
        one = telling(people, settle_seconds=600.0, envelopes_per_lease=6, **settings)
        one.smtp = Scripted("smtp", max_people=1)
        one.dispatch = Dispatch([one.email, one.smtp, one.sms])
        routes = {"live": {"email": "sendgrid:1,smtp:0", "sms": "twilio"}}
        one.office = replace(one.office, routes=routes)
        return one

    return make


def give_up_on(one, answer=AWAY):
    """Let the provider fail until it is left alone for the second time."""
    one.email.answers = [answer] * 100
    one.pump()
    for _ in range(4):
        one.later(20)
        one.pump()


def test_what_waits_for_a_dead_provider_goes_to_the_one_that_stands_by(telling):
    one = telling([mailbox(n, name=f"N{n}") for n in range(70)], people_per_envelope=10)
    one.launch("email")
    give_up_on(one)
    assert one.smtp.ledger == []
    assert one.tend() is True
    one.pump()
    assert one.smtp.told() == sorted(f"person{n}@example.com" for n in range(70))
    assert one.email.ledger == []
    assert one.buckets() == {"accepted": 70}
    assert {len(envelope.people) for envelope in one.smtp.ledger} == {1}
    assert {row.state for row in one.rows(Envelope) if row.provider == "sendgrid"} == {"split"}


def test_one_failure_of_seconds_moves_nobody(telling):
    one = telling([mailbox(n) for n in range(70)], people_per_envelope=10)
    one.launch("email")
    one.email.answers = [AWAY] * 6
    one.pump()
    assert one.tend() is False
    one.later(30)
    one.pump()
    assert (len(one.email.told()), one.smtp.ledger) == (70, [])


def test_what_may_have_left_is_never_handed_over_without_evidence(telling):
    one = telling([mailbox(n) for n in range(120)], people_per_envelope=5)
    one.launch("email")
    one.email.findings = [Finding(FindingKind.CANNOT_TELL)] * 100
    give_up_on(one, UNKNOWN)
    unknown = one.buckets()["unknown"]
    one.tend()
    one.pump()
    assert 60 <= unknown < 120
    assert one.buckets() == {"unknown": unknown, "accepted": 120 - unknown}
    assert len(one.smtp.told()) == 120 - unknown


def test_what_the_policy_sends_again_stays_with_the_provider_that_may_have_taken_it(telling):
    one = telling([mailbox(n) for n in range(60)], people_per_envelope=2)
    one.email.capabilities = replace(one.email.capabilities, looks_up=False)
    one.launch("email", unknown_policy="resend_marked")
    one.email.findings = [Finding(FindingKind.CANNOT_TELL)] * 100
    give_up_on(one, UNKNOWN)
    lost = one.buckets()["unknown"]
    one.tend(later=700)
    one.tend()
    one.pump()
    assert len(one.smtp.told()) == 60 - lost


def test_nobodys_data_is_handed_to_a_provider_that_may_not_have_it(telling):
    people = [mailbox(n, place="CN" if n < 5 else "DE") for n in range(70)]
    one = telling(people, people_per_envelope=10, residency="CN=sendgrid")
    one.launch("email")
    give_up_on(one)
    one.tend()
    one.pump()
    chinese = {f"person{n}@example.com" for n in range(5)}
    assert not chinese & {*one.smtp.told()}
    assert one.buckets()["waiting"] >= 5
    assert sum(one.buckets().values()) == 70


def test_a_refused_key_waits_ten_minutes_for_whoever_mends_it(telling):
    one = telling([mailbox(n) for n in range(70)], people_per_envelope=10)
    one.launch("email")
    give_up_on(one, NO_KEY)
    assert one.tend() is False
    for _ in range(12):
        one.later(130)
        one.pump()
    assert one.tend() is True
    one.pump()
    assert len(one.smtp.told()) == 70


def test_the_provider_comes_back_by_a_probe_and_gets_its_share_of_who_comes_next(telling):
    one = telling([mailbox(n) for n in range(70)], people_per_envelope=10)
    one.launch("email")
    give_up_on(one)
    one.tend()
    one.pump()
    one.email.answers = []
    one.later(120)
    with one.office.look(TOCSIN) as work:
        assert providers.shut(work.session, work.now) == []


def test_every_hand_over_stands_on_the_trail(telling):
    one = telling([mailbox(n) for n in range(70)], people_per_envelope=10)
    one.launch("email")
    give_up_on(one)
    one.tend()
    with one.office.look(TOCSIN) as work:
        assert "sending.reroute" in work.session.scalars(select(AuditEntry.kind)).all()


def test_a_provider_is_given_up_once_a_probe_has_failed_too():
    once = heard(Breaker(), "ccccc", NOW)
    twice = heard(probing(once, NOW), "c", NOW)
    assert (is_given_up(Breaker()), is_given_up(once), is_given_up(twice)) == (False, False, True)
