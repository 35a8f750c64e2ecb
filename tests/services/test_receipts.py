"""What providers say later: late, doubled, shuffled or early, it comes to the same."""

from __future__ import annotations

from functools import partial
from itertools import permutations
from uuid import uuid4

import pytest

from incidents.database.campaigns import Attempt, Delivery, Envelope, ProviderReceipt
from incidents.services import campaigns
from incidents.work import TOCSIN
from notifiers.envelope import Receipt, ReceiptKind
from tests.services.telling import NOW, UNKNOWN, mailbox

PHONE = "+12025550101"
K = ReceiptKind


@pytest.fixture
def telling(telling):
    return partial(telling, settle_seconds=60.0)


def sent(telling, *people):
    one = telling(people)
    one.launch()
    one.pump()
    return one, one.email.ledger[0]


def test_delivered_is_known_of_each_person_and_a_copy_changes_nothing(telling):
    one, envelope = sent(telling, mailbox(1), mailbox(2))
    delivered = one.receipt(envelope, K.DELIVERED)
    assert one.fold(delivered, delivered) == 1
    assert one.fold(delivered) == 0
    assert one.buckets() == {"accepted": 1, "delivered": 1}


@pytest.mark.parametrize("kind", [K.BOUNCED, K.DROPPED, K.COMPLAINED, K.OPTED_OUT, K.FAILED])
def test_who_cannot_be_reached_for_good_moves_to_the_next_rung(telling, kind):
    one, envelope = sent(telling, mailbox(1, phone=PHONE), mailbox(2))
    one.fold(*(one.receipt(envelope, kind, person) for person in (0, 1)))
    assert one.buckets() == {"waiting": 1, "exhausted": 1}
    one.pump()
    assert one.sms.told() == [PHONE]


@pytest.mark.parametrize("kind", [K.PROCESSED, K.SENT, K.DEFERRED])
def test_a_message_on_its_way_leaves_a_person_where_they_are(telling, kind):
    one, envelope = sent(telling, mailbox(1, phone=PHONE))
    one.fold(one.receipt(envelope, kind))
    assert one.buckets() == {"accepted": 1}


def test_in_whatever_order_receipts_come_the_end_is_the_same(telling):
    ends = set()
    for order in permutations((K.PROCESSED, K.DELIVERED, K.BOUNCED)):
        one, envelope = sent(telling, mailbox(1, phone=PHONE))
        for kind in order:
            one.fold(one.receipt(envelope, kind))
        rows = [row for row in one.rows(Delivery) if row.campaign_id == one.id]
        ends.add(tuple(sorted((r.rung, r.channel, r.outcome, r.rank, r.is_current) for r in rows)))
    assert len(ends) == 1
    assert (1, "sms", "", 0, True) in ends.pop()


def test_one_echo_proves_that_the_whole_envelope_was_accepted(telling):
    one = telling([mailbox(1), mailbox(2)])
    one.launch()
    leaving = []
    one.email.answers = [lambda envelope: leaving.append(envelope) or UNKNOWN]
    one.pump()
    assert one.buckets() == {"unknown": 2}
    one.fold(one.receipt(leaving[0], K.PROCESSED))
    assert one.buckets() == {"accepted": 2}
    (row,) = one.rows(Attempt)
    assert row.evidence["by"] == "echo"


def test_a_stop_proves_nothing_of_this_message(telling):
    one = telling([mailbox(1)])
    one.launch()
    leaving = []
    one.email.answers = [lambda envelope: leaving.append(envelope) or UNKNOWN]
    one.pump()
    one.fold(one.receipt(leaving[0], K.OPTED_OUT))
    assert [row.state for row in one.rows(Envelope)] == ["unknown"]


def test_a_receipt_that_is_faster_than_the_answer_counts(telling):
    one = telling([mailbox(1)])
    one.launch()

    def overtaken(envelope):
        one.fold(one.receipt(envelope, K.DELIVERED))
        return UNKNOWN

    one.email.answers = [overtaken]
    one.pump()
    assert one.buckets() == {"delivered": 1}
    assert [row.outcome for row in one.rows(Attempt)] == ["accepted"]


def test_evidence_that_comes_after_a_retry_was_planned_stops_the_retry(telling):
    one = telling([mailbox(1)])
    one.launch()
    leaving = []
    one.email.answers = [lambda envelope: leaving.append(envelope) or UNKNOWN]
    one.pump()
    one.tend(later=61)
    one.tend(later=31)
    assert one.buckets() == {"waiting": 1}
    one.fold(one.receipt(leaving[0], K.PROCESSED))
    assert one.buckets() == {"accepted": 1}
    assert one.pump() == 0


def test_who_was_reached_after_all_is_not_told_again_on_the_next_rung(telling):
    one = telling([mailbox(1, phone=PHONE)])
    one.launch()
    leaving = []

    def refused(envelope):
        leaving.append(envelope)
        return UNKNOWN.__class__(UNKNOWN.kind.REFUSED, 400, reason="sendgrid 400")

    one.email.answers = [refused]
    one.dispatch.couriers.pop("twilio")
    one.pump()
    assert one.buckets() == {"waiting": 1}
    one.fold(one.receipt(leaving[0], K.DELIVERED))
    assert one.buckets() == {"delivered": 1}
    one.dispatch.couriers["twilio"] = one.sms
    one.later(60)
    assert one.pump() == 0
    assert one.sms.ledger == []


def test_receipts_of_what_we_do_not_know_are_kept_and_change_nothing(telling):
    one, envelope = sent(telling, mailbox(1))
    strange = [
        Receipt("k1", uuid4().hex, envelope.people[0].ref, K.BOUNCED, NOW, "sendgrid", ""),
        Receipt("k2", "not an id", "nobody", K.BOUNCED, NOW, "sendgrid", ""),
        Receipt("k3", envelope.attempt, f"{uuid4().hex}.0", K.BOUNCED, NOW, "sendgrid", ""),
    ]
    assert one.fold(*strange) == 3
    assert one.buckets() == {"accepted": 1}
    assert len(one.rows(ProviderReceipt)) == 3


def test_many_at_once_are_kept_as_few_are_and_what_is_known_among_them_is_left_out(telling):
    one, envelope = sent(telling, mailbox(1))
    of_us = one.receipt(envelope, K.SENT)
    strange = Receipt("", "not an id", "nobody", K.BOUNCED, NOW, "sendgrid", "")
    said = [
        (of_us if number % 2 else strange)._replace(dedupe_key=f"key {number}")
        for number in range(1_500)
    ]
    assert one.fold(*said[:10]) == 10
    assert one.fold(*said[700:]) == 800
    assert one.fold(*said) == 690
    assert one.fold(*said) == 0
    kept = {row.dedupe_key: row for row in one.rows(ProviderReceipt)}
    assert kept.keys() == {receipt.dedupe_key for receipt in said}
    columns = ProviderReceipt.__table__.columns.keys()[1:]
    alike = [{tuple(getattr(kept[f"key {n}"], c) for c in columns) for n in some}
             for some in (range(0, 1_500, 2), range(1, 1_500, 2))]  # fmt: skip
    assert [len(values) for values in alike] == [1, 1]


def test_a_bounce_after_the_end_opens_the_campaign_again(telling):
    one, envelope = sent(telling, mailbox(1, phone=PHONE))
    one.tend()
    assert one.status() == "finished"
    one.fold(one.receipt(envelope, K.BOUNCED))
    assert one.status() == "running"
    one.pump()
    assert one.sms.told() == [PHONE]
    one.tend()
    assert one.status() == "finished"


def test_whoever_bounces_after_the_campaign_was_stopped_is_counted_and_not_told(telling):
    one, envelope = sent(telling, mailbox(1, phone=PHONE))
    with one.office.work(TOCSIN) as work:
        campaigns.stop(work, one.id)
    one.fold(one.receipt(envelope, K.BOUNCED))
    assert one.pump() == 0
    assert one.buckets() == {"suppressed": 1}
