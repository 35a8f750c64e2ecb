"""What may have left is settled in the order of what its provider declares, and counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from incidents.database.campaigns import Attempt, Delivery, Envelope
from incidents.services import campaigns, unknowns
from incidents.work import TOCSIN
from notifiers.envelope import Finding, FindingKind, ReceiptKind
from tests.services.telling import ACCEPTED, UNKNOWN, Campaigning, mailbox

PHONE = "+12025550101"
NO_EVIDENCE = {"policy": 0, "decision": 0, "replaced": 0}
CANNOT_TELL = Finding(FindingKind.CANNOT_TELL)


@pytest.fixture
def telling(office):
    one = Campaigning(office, [mailbox(1, phone=PHONE)], settle_seconds=60.0)
    yield one
    one.dispatch.close()


def declares(one, **capabilities):
    one.email.capabilities = replace(one.email.capabilities, looks_up=False, **capabilities)
    one.email.findings = [CANNOT_TELL] * 20


def counted(one):
    with one.office.look(TOCSIN) as work:
        found = unknowns.unknowns(work, one.id)
    return found.open, found.by, found.unresolved


def test_under_a_native_key_the_same_bytes_of_the_same_attempt_are_sent_again(telling):
    declares(telling, native_key=True)
    telling.launch("email")
    seen = []
    telling.email.answers = [
        lambda envelope: seen.append((envelope.attempt, telling.email.body(envelope))) or UNKNOWN,
        lambda envelope: seen.append((envelope.attempt, telling.email.body(envelope))) or ACCEPTED,
    ]
    telling.pump()
    telling.tend(later=61)
    assert len(seen) == 2
    assert seen[0] == seen[1]
    assert telling.buckets() == {"accepted": 1}
    assert [row.outcome for row in telling.rows(Attempt)] == ["accepted"]
    assert counted(telling) == (0, {"native_key": 1}, NO_EVIDENCE)


def test_a_key_that_gives_no_answer_is_tried_again_later(telling):
    declares(telling, native_key=True)
    telling.launch("email")
    telling.email.answers = [UNKNOWN, UNKNOWN, ACCEPTED]
    telling.pump()
    telling.tend(later=61)
    assert telling.buckets() == {"unknown": 1}
    telling.tend(later=61)
    assert telling.buckets() == {"accepted": 1}


def test_nothing_is_sent_under_a_key_that_has_run_out(telling):
    declares(telling, native_key=True, key_seconds=50.0)
    telling.launch("email")
    telling.email.answers = [UNKNOWN]
    telling.pump()
    telling.tend(later=61)
    assert telling.email.ledger == []
    assert counted(telling)[0] == 1


def test_nothing_is_sent_under_a_key_while_the_campaign_is_paused(telling):
    declares(telling, native_key=True)
    telling.launch("email")
    telling.email.answers = [UNKNOWN, ACCEPTED]
    telling.pump()
    with telling.office.work(TOCSIN) as work:
        campaigns.pause(work, telling.id)
    for _ in range(12):
        telling.tend(later=61)
    assert telling.email.ledger == []
    assert telling.buckets() == {"unknown": 1}, "no policy decides what the key can settle"
    with telling.office.work(TOCSIN) as work:
        campaigns.resume(work, telling.id)
    telling.tend(later=61)
    assert telling.buckets() == {"accepted": 1}
    assert counted(telling) == (0, {"native_key": 1}, NO_EVIDENCE)


def test_where_a_copy_replaces_the_first_one_it_is_sent_once_before_the_policy(telling):
    declares(telling, replaces_copy=True)
    telling.launch("email", unknown_policy="hold")
    telling.email.answers = [UNKNOWN]
    telling.pump()
    telling.tend(later=61)
    telling.pump()
    assert telling.buckets() == {"accepted": 1}
    assert counted(telling) == (0, {}, NO_EVIDENCE | {"replaced": 1})


def test_a_second_copy_is_for_the_policy_to_decide(telling):
    declares(telling, replaces_copy=True)
    telling.launch("email", unknown_policy="hold")
    telling.email.answers = [UNKNOWN, UNKNOWN]
    for _ in range(3):
        telling.pump()
        telling.tend(later=61)
    telling.pump()
    assert telling.email.ledger == []
    assert [row.state for row in telling.rows(Envelope)] == ["held"]
    assert counted(telling) == (1, {}, NO_EVIDENCE | {"replaced": 1})


def test_no_copy_of_a_stopped_campaign_is_sent(telling):
    declares(telling, replaces_copy=True)
    telling.launch("email", unknown_policy="hold")
    telling.email.answers = [UNKNOWN]
    telling.pump()
    with telling.office.work(TOCSIN) as work:
        campaigns.stop(work, telling.id)
    telling.tend(later=61)
    assert [row.state for row in telling.rows(Envelope)] == ["held"]
    assert counted(telling) == (1, {}, NO_EVIDENCE)


def test_the_next_channel_is_tried_where_the_policy_says_so_and_it_is_counted(telling):
    declares(telling)
    telling.launch(unknown_policy="next_channel")
    telling.email.answers = [UNKNOWN]
    telling.pump()
    telling.tend(later=61)
    telling.pump()
    assert (telling.email.ledger, telling.sms.told()) == ([], [PHONE])
    assert telling.buckets() == {"accepted": 1}
    left = [row.outcome for row in telling.rows(Delivery) if not row.is_current]
    assert left == ["unresolved"]
    assert {row.state for row in telling.rows(Envelope)} == {"unresolved", "accepted"}
    assert counted(telling) == (0, {}, NO_EVIDENCE | {"policy": 1})


def test_evidence_that_comes_after_the_policy_still_counts(telling):
    declares(telling)
    telling.launch(unknown_policy="next_channel")
    sent = []
    telling.email.answers = [lambda envelope: sent.append(envelope) or UNKNOWN]
    telling.pump()
    telling.tend(later=61)
    telling.fold(telling.receipt(sent[0], ReceiptKind.DELIVERED))
    assert telling.buckets() == {"delivered": 1}
    assert counted(telling) == (0, {"echo": 1}, NO_EVIDENCE)
    telling.pump()
    assert telling.sms.ledger == [], "what had not left for the next channel was withdrawn"


def test_an_echo_is_counted_as_what_it_is(telling):
    telling.launch("email")
    sent = []
    telling.email.answers = [lambda envelope: sent.append(envelope) or UNKNOWN]
    telling.pump()
    assert counted(telling)[0] == 1
    telling.fold(telling.receipt(sent[0], ReceiptKind.PROCESSED))
    assert counted(telling) == (0, {"echo": 1}, NO_EVIDENCE)
