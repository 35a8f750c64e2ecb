"""Withheld after people had a place: nothing leaves for them, and they can be let go again."""

from __future__ import annotations

from incidents.database.campaigns import Delivery, Envelope
from incidents.services import population
from incidents.work import TOCSIN
from notifiers.envelope import ReceiptKind
from tests.services.telling import mailbox

PHONE = "+12025550101"


def withhold(one, *refs, reason="police_hold"):
    with one.office.work(TOCSIN) as work:
        return population.withhold(work, one.incident.id, refs, reason)


def test_who_is_withheld_is_taken_out_of_what_has_not_left(telling):
    one = telling([mailbox(1, ref="1"), mailbox(2, ref="2")])
    one.launch()
    assert withhold(one, "1", "nobody") == 1
    assert one.buckets() == {"withheld": 1, "waiting": 1}
    one.pump()
    assert one.email.told() == ["person2@example.com"]
    assert [(row.reason, row.is_current) for row in one.rows(Delivery) if row.outcome] == [
        ("police_hold", True)
    ]


def test_who_is_let_go_again_is_told_on_the_rung_they_stood_on(telling):
    one = telling([mailbox(1, ref="1", phone=PHONE), mailbox(2, ref="2", withheld="safety")])
    one.launch()
    one.pump()
    envelope = one.email.ledger[0]
    one.fold(one.receipt(envelope, ReceiptKind.BOUNCED))
    withhold(one, "1")
    assert one.buckets() == {"withheld": 2}
    one.pump()
    assert not one.sms.ledger
    withhold(one, "1", "2", reason="")
    assert one.buckets() == {"waiting": 2}
    one.pump()
    assert one.sms.told() == [PHONE]
    assert one.email.told() == ["person1@example.com", "person2@example.com"]


def test_what_has_left_cannot_be_called_back_and_nothing_more_follows(telling):
    one = telling([mailbox(1, ref="1", phone=PHONE)])
    one.launch()
    one.pump()
    withhold(one, "1")
    assert one.buckets() == {"accepted": 1}
    one.fold(one.receipt(one.email.ledger[0], ReceiptKind.BOUNCED))
    assert one.buckets() == {"withheld": 1}
    one.pump()
    assert not one.sms.ledger


def test_who_is_withheld_while_their_envelope_is_being_opened_is_not_sent_to(telling):
    one = telling([mailbox(1, ref="1"), mailbox(2, ref="2")])
    one.launch()
    make_body = one.email.body

    def body(envelope):
        withhold(one, "1")
        seen.append(one.buckets())
        one.email.body = make_body
        return make_body(envelope)

    seen = []
    one.email.body = body
    one.pump()
    assert seen == [{"in_flight": 2}]  # nothing waited: the envelope was in a sender's hands
    assert one.buckets() == {"withheld": 1, "accepted": 1}
    assert one.email.told() == ["person2@example.com"]
    assert [row.people_count for row in one.rows(Envelope)] == [1]
