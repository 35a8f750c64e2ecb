"""Sending: written down before it leaves, never twice without evidence, nothing lost."""

from __future__ import annotations

import asyncio
import hashlib
import time
from datetime import timedelta
from functools import partial

import pytest

from incidents.database import leases
from incidents.database.base import uuid7
from incidents.database.campaigns import Attempt, Delivery, Envelope
from incidents.database.outcomes import Result
from incidents.services import campaigns, decisions, journal, recording
from incidents.work import TOCSIN
from notifiers.envelope import Finding, FindingKind, Outcome, OutcomeKind
from tests.services.telling import ACCEPTED, NOW, REFUSED, UNKNOWN, mailbox

PHONES = ("+12025550101", "+12025550102", "+12025550103")
FOUND = Finding(FindingKind.FOUND, "ref-1", "listed")
CANNOT_TELL = Finding(FindingKind.CANNOT_TELL)
NOW_ID = uuid7()


@pytest.fixture
def telling(telling):
    return partial(telling, settle_seconds=60.0)


def test_every_person_is_told_once_in_the_words_of_their_language(telling):
    one = telling([mailbox(n, name=f"N{n}", locale="zh-CN" if n < 3 else "en") for n in range(9)])
    one.launch()
    assert one.pump() == 9
    assert one.email.told() == [f"person{n}@example.com" for n in range(9)]
    for envelope in one.email.ledger:
        assert envelope.words.text.startswith(f"[{envelope.locale}]")
    assert one.buckets() == {"accepted": 9}
    assert one.pump() == 0


def test_shared_envelopes_are_in_one_threads_hands_at_a_time_and_others_carry_messages(telling):
    one = telling([mailbox(1), mailbox(2), {"phone": PHONES[0]}])
    one.launch()
    with one.dispatch.turn() as is_ours:
        assert is_ours
        assert one.pump() == 1
        assert one.buckets() == {"accepted": 1, "waiting": 2}
    assert one.pump() == 2
    assert one.buckets() == {"accepted": 3}


def test_the_attempt_and_its_hash_are_on_record_before_any_byte_leaves(telling):
    one = telling([mailbox(n) for n in range(3)])
    one.launch()
    seen = []

    def look(envelope):
        row = next(row for row in one.rows(Attempt) if row.id.hex == envelope.attempt)
        seen.append((row.outcome, row.sha256))
        return ACCEPTED

    one.email.answers = [look]
    one.pump()
    (body,) = one.email.bodies.values()
    assert seen == [("", hashlib.sha256(body).hexdigest())]
    assert [row.outcome for row in one.rows(Attempt)] == ["accepted"]


def test_what_surely_did_not_go_is_sent_again_when_the_provider_asked(telling):
    one = telling([mailbox(1)])
    one.launch()
    one.email.answers = [Outcome(OutcomeKind.RETRY, 429, retry_after_seconds=30.0)]
    one.pump()
    assert one.buckets() == {"waiting": 1}
    one.later(29)
    assert one.pump() == 0
    one.later(20)
    assert one.pump() == 1
    assert one.buckets() == {"accepted": 1}
    assert [row.outcome for row in one.rows(Attempt)] == ["retry", "accepted"]


def test_who_is_refused_on_one_channel_is_tried_on_the_next_and_the_reason_kept(telling):
    one = telling([mailbox(1, phone=PHONES[0]), mailbox(2)])
    one.launch()
    one.email.answers = [REFUSED]
    one.pump()
    assert one.sms.told() == [PHONES[0]]
    assert one.buckets() == {"accepted": 1, "exhausted": 1}
    reasons = {row.reason for row in one.rows(Delivery) if row.outcome == "failed"}
    assert reasons == {"sendgrid 400"}


def test_one_bad_person_is_set_apart_and_everybody_else_is_told(telling):
    one = telling([mailbox(n) for n in range(16)])
    one.launch()

    def poisoned(envelope):
        if any(person.address == "person11@example.com" for person in envelope.people):
            return Outcome(OutcomeKind.SPLIT, 400, reason="sendgrid 400")
        return ACCEPTED

    one.email.answers = [poisoned] * 100
    one.pump()
    assert one.buckets() == {"accepted": 15, "exhausted": 1}
    assert len(set(one.email.told())) == len(one.email.told()) == 15


def test_a_person_whom_the_provider_names_is_set_apart_at_once(telling):
    one = telling([mailbox(n) for n in range(16)])
    one.launch()

    def named(envelope):
        bad = [p.ref for p in envelope.people if p.address == "person11@example.com"]
        kind = OutcomeKind.SPLIT if bad else OutcomeKind.ACCEPTED
        return Outcome(kind, 400, bad_refs=tuple(bad))

    one.email.answers = [named] * 100
    one.pump()
    assert one.buckets() == {"accepted": 15, "exhausted": 1}
    assert len(one.rows(Attempt)) == 3


def test_what_may_have_left_is_not_sent_again_without_evidence(telling):
    one = telling([mailbox(1, phone=PHONES[0])])
    one.launch()
    one.email.answers = [UNKNOWN]
    one.pump()
    one.pump()
    one.tend(later=59)
    assert one.buckets() == {"unknown": 1}
    assert one.email.ledger == one.sms.ledger == []


def test_an_unknown_that_the_provider_lists_was_accepted(telling):
    one = telling([mailbox(1)])
    one.launch()
    one.email.answers = [UNKNOWN]
    one.email.findings = [FOUND]
    one.pump()
    one.tend(later=61)
    assert one.buckets() == {"accepted": 1}
    (row,) = one.rows(Attempt)
    assert (row.outcome, row.provider_ref, row.evidence["by"]) == ("accepted", "ref-1", "look_up")
    one.tend()
    assert one.status() == "finished"


def test_one_absent_read_is_not_enough_two_are(telling):
    one = telling([mailbox(1)])
    one.launch()
    one.email.answers = [UNKNOWN]
    one.pump()
    one.tend(later=61)
    assert one.buckets() == {"unknown": 1}
    one.tend(later=31)
    assert one.buckets() == {"waiting": 1}
    one.pump()
    assert one.email.told() == ["person1@example.com"]


@pytest.mark.parametrize(
    ("policy", "buckets", "outcome"),
    [("hold", {"unknown": 1}, "unknown"), ("resend_marked", {"waiting": 1}, "unresolved")],
)
def test_where_no_evidence_will_come_the_campaigns_policy_decides(
    telling, policy, buckets, outcome
):
    one = telling([mailbox(1)])
    one.leave_in_doubt(unknown_policy=policy)
    assert one.buckets() == buckets
    assert [row.outcome for row in one.rows(Attempt)] == [outcome]


def test_a_person_decides_on_what_is_held(telling):
    one = telling([mailbox(1)])
    one.leave_in_doubt()
    with one.office.work(TOCSIN) as work:
        assert decisions.resend_held(work, one.id, "nobody has answered for a day") == 1
    one.pump()
    assert one.buckets() == {"accepted": 1}
    assert [row.outcome for row in one.rows(Attempt)] == ["unresolved", "accepted"]


def test_a_worker_that_died_before_it_wrote_an_attempt_sent_nothing(telling):
    one = telling([mailbox(1)])
    one.launch()
    with one.office.work(TOCSIN) as work:
        one.lease(work, 10)
    one.tend(later=11)
    assert one.buckets() == {"waiting": 1}
    assert one.pump() == 1


def test_a_worker_that_died_after_it_wrote_an_attempt_may_have_sent(telling):
    one = telling([mailbox(1)])
    one.launch()
    with one.office.work(TOCSIN) as work:
        _intend(work, one.lease(work, 10))
    assert one.buckets() == {"in_flight": 1}
    one.tend(later=20)
    assert one.buckets() == {"unknown": 1}


def test_an_outcome_under_an_older_epoch_changes_nothing(telling):
    one = telling([mailbox(1)])
    one.launch()
    with one.office.work(TOCSIN) as work:
        old = one.lease(work, 10)
    one.tend(later=11)
    with one.office.work(TOCSIN) as work:
        _intend(work, one.lease(work, 10))
        late = Result(NOW_ID, old[0].campaign_id, old[0].ordinal, old[0].epoch, "refused", NOW)
        assert recording.apply(work, [late]) == []
    assert one.buckets() == {"in_flight": 1}


def test_a_lease_that_somebody_else_has_by_now_makes_no_attempt(telling):
    one = telling([mailbox(1)])
    one.launch()
    with one.office.work(TOCSIN) as work:
        old = one.lease(work, 10)
    one.tend(later=11)
    with one.office.work(TOCSIN) as work:
        one.lease(work, 10)
        assert _intend(work, old) == set()


def _intend(work, taken):
    intents = [leases.Intent(NOW_ID, one, "0" * 64) for one in taken]
    until = work.now + timedelta(seconds=5)
    return leases.intend(work.session, intents, worker="w", now=work.now, until=until)


def test_a_campaign_paused_after_the_lease_sends_nothing(telling):
    one = telling([mailbox(1)])
    one.launch()
    made = one.email.body

    def pausing(envelope):
        with one.office.work(TOCSIN) as work:
            campaigns.pause(work, one.id)
        return made(envelope)

    one.email.body = pausing
    assert one.pump() == 0
    assert one.email.ledger == []
    assert one.buckets() == {"waiting": 1}


def test_a_process_that_froze_before_the_wire_sends_nothing(telling):
    one = telling([mailbox(1)], lease_seconds=1.0, http_timeout_seconds=0.7)
    one.launch()
    hand_over = one.dispatch.send_all

    def frozen(items, *more):
        time.sleep(0.4)
        return hand_over(items, *more)

    one.dispatch.send_all = frozen
    one.pump()
    assert one.email.ledger == []
    assert "retry" in {row.outcome for row in one.rows(Attempt)}


def test_answers_are_kept_on_disk_and_told_when_the_database_is_back(telling):
    one = telling([mailbox(1)])
    one.launch()
    with one.office.work(TOCSIN) as work:
        taken = one.lease(work, 10)
        _intend(work, taken)
    answered = Result(NOW_ID, one.id, 1, taken[0].epoch, "accepted", NOW, 202, "ref")
    journal.keep(one.office, [answered])
    one.tend(later=20)
    assert one.buckets() == {"unknown": 1}
    one.pump()
    assert one.buckets() == {"accepted": 1}
    assert journal.replay(one.office) == 0


def test_two_senders_share_the_work_and_double_nothing(telling):
    people = [mailbox(n, phone=None) for n in range(40)]
    one = telling(people, people_per_envelope=2, envelopes_per_lease=1)
    one.launch()

    async def both():
        await asyncio.gather(*(asyncio.to_thread(one.pump) for _ in range(2)))

    asyncio.run(both())
    assert len(one.email.told()) == len(set(one.email.told())) == 40
    assert all(row.epoch == 1 for row in one.rows(Envelope))


def test_a_provider_that_this_process_lacks_leaves_its_envelopes_waiting(telling):
    one = telling([mailbox(1)])
    one.launch()
    del one.dispatch.couriers["sendgrid"]
    one.pump()
    assert one.buckets() == {"waiting": 1}
