"""What may have left is settled in the order of what its provider declares, and counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from incidents.database.campaigns import Attempt, Delivery, Envelope
from incidents.database.population import Recipient
from incidents.services import campaigns, decisions, population, unknowns
from incidents.work import TOCSIN
from notifiers.envelope import Finding, FindingKind, ReceiptKind
from tests.services.telling import ACCEPTED, UNKNOWN, mailbox

PHONE = "+12025550101"
NO_EVIDENCE = {"policy": 0, "decision": 0, "replaced": 0}
CANNOT_TELL = Finding(FindingKind.CANNOT_TELL)


@pytest.fixture
def one(telling):
    return telling([mailbox(1, phone=PHONE)], settle_seconds=60.0)


def declares(one, **capabilities):
    one.email.capabilities = replace(one.email.capabilities, looks_up=False, **capabilities)
    one.email.findings = [CANNOT_TELL] * 20


def counted(one):
    with one.office.look(TOCSIN) as work:
        found = unknowns.unknowns(work, one.id)
    return found.open, found.by, found.unresolved


def test_under_a_native_key_the_same_bytes_of_the_same_attempt_are_sent_again(one):
    declares(one, native_key=True)
    one.launch("email")
    seen = []
    one.email.answers = [
        lambda envelope: seen.append((envelope.attempt, one.email.body(envelope))) or UNKNOWN,
        lambda envelope: seen.append((envelope.attempt, one.email.body(envelope))) or ACCEPTED,
    ]
    one.pump()
    one.tend(later=61)
    assert len(seen) == 2
    assert seen[0] == seen[1]
    assert one.buckets() == {"accepted": 1}
    assert [row.outcome for row in one.rows(Attempt)] == ["accepted"]
    assert counted(one) == (0, {"native_key": 1}, NO_EVIDENCE)


def test_a_key_that_gives_no_answer_is_tried_again_later(one):
    declares(one, native_key=True)
    one.launch("email")
    one.email.answers = [UNKNOWN, UNKNOWN, ACCEPTED]
    one.pump()
    one.tend(later=61)
    assert one.buckets() == {"unknown": 1}
    one.tend(later=61)
    assert one.buckets() == {"accepted": 1}


def test_nothing_is_sent_under_a_key_that_has_run_out(one):
    declares(one, native_key=True, key_seconds=50.0)
    one.launch("email")
    one.email.answers = [UNKNOWN]
    one.pump()
    one.tend(later=61)
    assert one.email.ledger == []
    assert counted(one)[0] == 1


def test_nothing_is_sent_under_a_key_while_the_campaign_is_paused(one):
    declares(one, native_key=True)
    one.launch("email")
    one.email.answers = [UNKNOWN, ACCEPTED]
    one.pump()
    with one.office.work(TOCSIN) as work:
        campaigns.pause(work, one.id)
    for _ in range(12):
        one.tend(later=61)
    assert one.email.ledger == []
    assert one.buckets() == {"unknown": 1}, "no policy decides what the key can settle"
    with one.office.work(TOCSIN) as work:
        campaigns.resume(work, one.id)
    one.tend(later=61)
    assert one.buckets() == {"accepted": 1}
    assert counted(one) == (0, {"native_key": 1}, NO_EVIDENCE)


def test_nothing_is_sent_under_a_key_once_somebody_inside_is_withheld(telling):
    one = telling([mailbox(1, ref="1"), mailbox(2, ref="2")], settle_seconds=60.0)
    declares(one, native_key=True)
    one.launch("email")
    one.email.answers = [UNKNOWN]
    one.pump()
    with one.office.work(TOCSIN) as work:
        population.withhold(work, one.incident.id, ["1"], "police_hold")
    one.tend(later=61)
    assert one.email.ledger == []
    assert [row.state for row in one.rows(Envelope)] == ["held"], "a person decides"
    with one.office.work(TOCSIN) as work:
        decisions.resend_held(work, one.id, "it came back to us")
    one.pump()
    assert one.email.told() == ["person2@example.com"]


def test_a_stop_is_seen_by_what_waits_to_be_sent_under_a_key(telling):
    people = [mailbox(n) for n in range(30)]
    one = telling(people, settle_seconds=60.0, people_per_envelope=1)
    declares(one, native_key=True)
    one.launch("email")

    def stopped(_envelope):
        with one.office.work(TOCSIN) as work:
            campaigns.stop(work, one.id)
        return ACCEPTED

    one.email.answers = [*([UNKNOWN] * len(people)), stopped]
    one.pump()
    one.tend(later=61)
    assert 1 <= len(one.email.ledger) < len(people), "no more than were being looked at"


def test_where_a_copy_replaces_the_first_one_it_is_sent_once_before_the_policy(one):
    declares(one, replaces_copy=True)
    one.launch("email", unknown_policy="hold")
    one.email.answers = [UNKNOWN]
    one.pump()
    one.tend(later=61)
    one.pump()
    assert one.buckets() == {"accepted": 1}
    assert counted(one) == (0, {}, NO_EVIDENCE | {"replaced": 1})


def test_a_second_copy_is_for_the_policy_to_decide(one):
    declares(one, replaces_copy=True)
    one.launch("email", unknown_policy="hold")
    one.email.answers = [UNKNOWN, UNKNOWN]
    for _ in range(3):
        one.pump()
        one.tend(later=61)
    one.pump()
    assert one.email.ledger == []
    assert [row.state for row in one.rows(Envelope)] == ["held"]
    assert counted(one) == (1, {}, NO_EVIDENCE | {"replaced": 1})


def test_no_copy_of_a_stopped_campaign_is_sent(one):
    declares(one, replaces_copy=True)
    one.launch("email", unknown_policy="hold")
    one.email.answers = [UNKNOWN]
    one.pump()
    with one.office.work(TOCSIN) as work:
        campaigns.stop(work, one.id)
    one.tend(later=61)
    assert [row.state for row in one.rows(Envelope)] == ["held"]
    assert counted(one) == (1, {}, NO_EVIDENCE)


def test_the_next_channel_is_tried_where_the_policy_says_so_and_it_is_counted(one):
    declares(one)
    one.launch(unknown_policy="next_channel")
    one.email.answers = [UNKNOWN]
    one.pump()
    one.tend(later=61)
    one.pump()
    assert (one.email.ledger, one.sms.told()) == ([], [PHONE])
    assert one.buckets() == {"accepted": 1}
    left = [row.outcome for row in one.rows(Delivery) if not row.is_current]
    assert left == ["unresolved"]
    assert {row.state for row in one.rows(Envelope)} == {"unresolved", "accepted"}
    assert counted(one) == (0, {}, NO_EVIDENCE | {"policy": 1})


def test_evidence_that_comes_after_the_policy_still_counts(one):
    declares(one)
    one.launch(unknown_policy="next_channel")
    sent = []
    one.email.answers = [lambda envelope: sent.append(envelope) or UNKNOWN]
    one.pump()
    one.tend(later=61)
    one.fold(one.receipt(sent[0], ReceiptKind.DELIVERED))
    assert one.buckets() == {"delivered": 1}
    assert counted(one) == (0, {"echo": 1}, NO_EVIDENCE)
    one.pump()
    assert one.sms.ledger == [], "what had not left for the next channel was withdrawn"


def test_an_echo_is_counted_as_what_it_is(one):
    one.launch("email")
    sent = []
    one.email.answers = [lambda envelope: sent.append(envelope) or UNKNOWN]
    one.pump()
    assert counted(one)[0] == 1
    one.fold(one.receipt(sent[0], ReceiptKind.PROCESSED))
    assert counted(one) == (0, {"echo": 1}, NO_EVIDENCE)


def test_what_is_heard_during_a_look_up_stays_what_settled_it(one):
    one.launch("email")
    sent = []
    one.email.answers = [lambda envelope: sent.append(envelope) or UNKNOWN]
    one.pump()

    async def look_up(_query):
        one.fold(one.receipt(sent[0], ReceiptKind.PROCESSED))
        return CANNOT_TELL

    one.email.look_up = look_up
    one.tend(later=61)
    assert counted(one) == (0, {"echo": 1}, NO_EVIDENCE)


def test_however_many_are_held_one_decision_lets_them_go(telling):
    people = [mailbox(n) for n in range(decisions.HELD_AT_ONCE + 1)]
    one = telling(people, people_per_envelope=1)
    one.launch("email")
    with one.office.work(TOCSIN) as work:
        work.session.query(Envelope).update({"state": "held"})
    with one.office.work(TOCSIN) as work:
        assert decisions.resend_held(work, one.id, "mended") == len(people)
    one.pump()
    assert len(one.email.told()) == len(people)


def test_what_is_in_doubt_and_cannot_be_opened_is_held_and_stops_no_other(telling):
    one = telling([mailbox(1, locale="en"), mailbox(2, locale="zh-CN")], settle_seconds=60.0)
    one.launch("email")
    one.email.answers = [UNKNOWN, UNKNOWN]
    one.pump()
    with one.office.work(TOCSIN) as work:
        work.session.query(Recipient).filter_by(locale="en").update({"sealed": b"\1" * 60})
    one.email.findings = [Finding(FindingKind.FOUND)]
    one.tend(later=61)
    assert one.buckets() == {"accepted": 1, "unknown": 1}
    (held,) = [row for row in one.rows(Envelope) if row.state == "held"]
    assert held.reason.startswith("could not be opened: ")
