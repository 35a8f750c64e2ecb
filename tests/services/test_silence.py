"""Silence on a rung: when it is over people move on, and late word takes them back."""

from __future__ import annotations

import pytest

from incidents.database.campaigns import Delivery, Envelope
from incidents.errors import InvalidInput
from incidents.services import campaigns
from incidents.work import TOCSIN
from notifiers.envelope import Outcome, OutcomeKind, ReceiptKind
from tests.services.telling import mailbox

PHONE, OTHER = "+12025550101", "+12025550102"
HOUR = 3600.0
LADDER = ("email", "sms", "announcement")


def silent(telling, *people, **waits):
    one = telling(people)
    one.launch(*LADDER, waits=waits or {"email": 6})
    one.pump()
    one.tend()
    return one


def test_who_is_silent_for_long_enough_is_told_on_the_next_rung_too(telling):
    one = silent(telling, mailbox(1, phone=PHONE), mailbox(2, phone=OTHER))
    one.fold(one.receipt(one.email.ledger[0], ReceiptKind.DELIVERED))
    assert one.status() == "running"
    one.tend(5.9 * HOUR)
    assert one.buckets() == {"delivered": 1, "accepted": 1}
    one.tend(0.2 * HOUR)
    assert one.buckets() == {"delivered": 1, "waiting": 1}
    one.pump()
    one.tend()
    assert len(one.sms.told()) == 1
    left = [(row.outcome, row.reason) for row in one.rows(Delivery) if not row.is_current]
    assert left == [("silent", "no word for 6 hours")]
    assert one.status() == "finished"


def test_without_a_wait_acceptance_is_enough(telling):
    one = telling([mailbox(1, phone=PHONE)])
    one.launch(*LADDER, waits=None)  # the usual ones: none for e-mail
    one.pump()
    one.tend()
    assert one.status() == "finished"
    one.tend(1000 * HOUR)
    assert one.buckets() == {"accepted": 1}


def test_who_has_no_other_rung_stays_where_they_were_accepted(telling):
    one = silent(telling, mailbox(1), mailbox(2, phone=PHONE))
    one.tend(7 * HOUR)
    assert one.buckets() == {"accepted": 1, "waiting": 1}


def test_the_last_rung_that_carries_a_message_waits_for_nothing(telling):
    one = telling([{"phone": PHONE}])
    one.launch("sms", "announcement", waits={"sms": 1})
    one.pump()
    one.tend()
    assert one.status() == "finished"


def test_a_campaign_ends_before_its_wait_once_everybody_was_heard_of(telling):
    one = silent(telling, mailbox(1, phone=PHONE), mailbox(2))
    envelope = one.email.ledger[0]
    one.fold(one.receipt(envelope, ReceiptKind.DELIVERED))
    one.tend()
    assert one.status() == "running"
    one.fold(one.receipt(envelope, ReceiptKind.DELIVERED, 1))
    one.tend()
    one.tend()
    assert one.status() == "finished"


def test_when_all_is_sent_the_duties_are_looked_at_though_some_are_waited_for(telling, bell):
    one = silent(telling, mailbox(1, phone=PHONE))
    assert ("incidents.review", one.incident.id) in bell.rung
    bell.rung.clear()
    one.tend()
    assert ("incidents.review", one.incident.id) not in bell.rung  # once


def test_word_that_comes_late_takes_back_who_has_not_been_sent_to_again(telling):
    one = silent(telling, mailbox(1, phone=PHONE))
    one.tend(7 * HOUR)
    one.fold(one.receipt(one.email.ledger[0], ReceiptKind.DELIVERED))
    assert one.buckets() == {"delivered": 1}
    one.pump()
    assert not one.sms.ledger
    assert {row.rung: row.is_current for row in one.rows(Delivery)} == {0: True, 1: False}


def test_word_that_comes_later_still_recalls_nothing_and_overwrites_nothing(telling):
    one = silent(telling, mailbox(1, phone=PHONE))
    one.tend(7 * HOUR)
    one.pump()
    envelope = one.email.ledger[0]
    one.fold(one.receipt(envelope, ReceiptKind.DELIVERED))
    assert one.sms.told() == [PHONE]
    assert one.buckets() == {"delivered": 1}
    one.fold(one.receipt(envelope, ReceiptKind.SENT))
    assert one.buckets() == {"delivered": 1}


def test_halves_of_a_split_envelope_are_waited_for_too(telling):
    one = telling([mailbox(n, phone=f"+1202555010{n}") for n in range(4)])
    one.email.answers = [Outcome(OutcomeKind.SPLIT, 400, reason="one of them is bad")]
    one.launch(*LADDER, waits={"email": 1})
    one.pump()
    one.tend()
    assert [row.awaits for row in one.rows(Envelope) if row.state == "accepted"] == [True, True]
    one.tend(2 * HOUR)
    assert one.buckets() == {"waiting": 4}


@pytest.mark.parametrize("waits", [{"push": 1}, {"email": -1}, {"email": 10_000}])
def test_a_wait_that_means_nothing_is_refused(telling, waits):
    with pytest.raises(InvalidInput, match="waits"):
        telling([mailbox(1)]).launch(*LADDER, waits=waits)


def test_a_paused_campaign_moves_nobody_on(telling):
    one = silent(telling, mailbox(1, phone=PHONE))
    with one.office.work(TOCSIN) as work:
        campaigns.pause(work, one.id)
    one.tend(7 * HOUR)
    assert one.buckets() == {"accepted": 1}
