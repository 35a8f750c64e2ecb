"""What cannot be made ready to send: held if that is its own fault, else sent another time."""

from __future__ import annotations

import json
from functools import partial

import pytest
from sqlalchemy import event
from sqlalchemy.exc import TimeoutError as NoConnection

from incidents.database.audit_entries import AuditEntry
from incidents.database.campaigns import Delivery, Envelope
from incidents.database.doubts import InDoubt
from incidents.database.population import Recipient
from incidents.database.proofs import CampaignProof
from incidents.errors import InvalidInput
from incidents.office import signing_key
from incidents.services import campaigns, decisions, equation, proofs, reconcile, rest, unknowns
from incidents.work import TOCSIN
from notifiers.envelope import Outcome, OutcomeKind
from tests.services.telling import mailbox


@pytest.fixture
def telling(telling):
    return partial(telling, settle_seconds=60.0)


def test_an_envelope_that_nobody_can_open_is_held_and_stops_no_other(telling):
    one = telling([mailbox(1, locale="en"), mailbox(2, locale="zh-CN")])
    one.launch()
    with one.office.work(TOCSIN) as work:
        work.session.query(Recipient).filter_by(locale="en").update({"sealed": b"\1" * 60})
    one.pump()
    assert one.buckets() == {"accepted": 1, "unknown": 1}
    held = next(row for row in one.rows(Envelope) if row.state == "held")
    assert held.reason.startswith("could not be made ready: ")


def spoil(one, *people):
    """A bit of what is sealed of these people, by their number in the list, has flipped."""
    with one.office.work(TOCSIN) as work:
        for number in people:
            row = work.session.get_one(Recipient, one.people[number])
            row.sealed = row.sealed[:-1] + bytes([row.sealed[-1] ^ 1])


def give_up(one, reason="the disk was damaged", only=()):
    with one.office.work(TOCSIN) as work:
        return decisions.give_up_held(work, one.id, reason, only)


def entries(one, kind):
    return [row for row in one.rows(AuditEntry) if row.kind == kind]


def test_who_cannot_be_opened_is_set_apart_from_those_who_share_the_envelope(telling):
    one = telling([mailbox(n) for n in range(10)])
    one.launch()
    spoil(one, 3, 7)
    one.pump()
    assert one.buckets() == {"accepted": 8, "unknown": 2}
    states = sorted((row.state, row.people_count) for row in one.rows(Envelope))
    assert states == [("accepted", 8), ("held", 2), ("split", 10)]
    with one.office.look(TOCSIN) as work:
        (held,) = decisions.held(work, one.id)
    assert (held.people, held.in_doubt) == (2, False)


def test_what_can_never_be_opened_is_given_up_counted_and_proved(telling):
    one = telling([mailbox(1), mailbox(2)])
    one.launch("email", "announcement")
    spoil(one, 0)
    one.pump()
    assert give_up(one) == 1
    assert one.buckets() == {"accepted": 1, "exhausted": 1}
    with one.office.look(TOCSIN) as work:
        first, last = equation.funnel(work, one.id)
    assert (first.left, list(first.reasons)) == (
        {"failed": 1},
        ["given up: it could not be made ready to send"],
    )
    assert last.buckets == {"exhausted": 1}
    one.tend()
    assert one.status() == "finished"
    assert proofs.make_due(one.office, signing_key(one.office.settings)) == 1
    assert one.rows(CampaignProof)[0].buckets == {"accepted": 1, "exhausted": 1}


def test_who_is_given_up_is_tried_on_the_next_channel(telling):
    one = telling([mailbox(1, phone="+12025550101"), mailbox(2)])
    one.launch()
    spoil(one, 0)
    one.pump()
    give_up(one)
    one.pump()
    assert one.buckets() == {"accepted": 1, "unknown": 1}, "held there, for the same reason"
    give_up(one)
    assert one.buckets() == {"accepted": 1, "exhausted": 1}


def test_giving_up_keeps_its_reason_in_the_trail_and_nowhere_else(telling):
    one = telling([mailbox(1)])
    one.launch()
    spoil(one, 0)
    one.pump()
    give_up(one, "asked twice, the copy is broken too")
    (entry,) = entries(one, "held.give_up")
    assert json.loads(entry.body)["detail"]["people"] == 1
    assert b"copy is broken" not in entry.body
    assert all("copy is broken" not in row.reason for row in one.rows(Delivery))


def test_only_what_is_named_is_decided_on_and_only_what_is_held(telling):
    one = telling([mailbox(n, locale=at) for n, at in enumerate(("en", "zh-CN"))])
    one.launch()
    spoil(one, 0, 1)
    one.pump()
    with one.office.look(TOCSIN) as work:
        first, second = decisions.held(work, one.id)
    assert give_up(one, only=[first.envelope]) == 1
    with pytest.raises(InvalidInput, match=f"envelope {first.envelope} is not held"):
        give_up(one, only=[first.envelope, second.envelope])
    assert one.buckets() == {"exhausted": 1, "unknown": 1}


def test_what_is_in_doubt_is_given_up_as_such(telling):
    one = telling([mailbox(1, phone="+12025550101")], settle_seconds=60.0)
    one.leave_in_doubt()
    with one.office.look(TOCSIN) as work:
        assert [row.in_doubt for row in decisions.held(work, one.id)] == [True]
    assert give_up(one) == 1
    one.pump()
    assert one.sms.told() == ["+12025550101"]
    assert [row.outcome for row in one.rows(Delivery) if not row.is_current] == ["unresolved"]
    assert len(one.rows(InDoubt)) == 1
    with one.office.look(TOCSIN) as work:
        assert unknowns.unknowns(work, one.id).unresolved["decision"] == 1
    assert entries(one, "held.give_up") == []


def test_what_was_in_doubt_once_and_cannot_be_opened_now_stays_in_doubt(telling):
    one = telling([mailbox(1)], settle_seconds=60.0)
    one.leave_in_doubt()
    with one.office.work(TOCSIN) as work:
        decisions.resend_held(work, one.id, "silence is worse")
    spoil(one, 0)
    one.pump()
    give_up(one)
    assert [row.outcome for row in one.rows(Delivery) if not row.is_current] == ["unresolved"]


def test_what_is_given_up_in_a_stopped_campaign_is_told_nobody_and_is_its_rest(telling):
    one = telling([mailbox(1, phone="+12025550101")])
    one.launch()
    spoil(one, 0)
    one.pump()
    with one.office.work(TOCSIN) as work:
        campaigns.stop(work, one.id)
    give_up(one)
    one.pump()
    one.tend()
    assert one.buckets() == {"suppressed": 1}
    assert one.sms.ledger == []
    with one.office.look(TOCSIN) as work:
        assert rest.count(work, one.id) == rest.Rest(told=0, in_doubt=0, rest=1)


def test_an_envelope_that_kills_each_worker_is_held_in_the_end(telling):
    one = telling([mailbox(1)])
    one.launch()
    for _ in range(reconcile.MOST_BARREN):
        with one.office.work(TOCSIN) as work:
            assert one.lease(work, 10)
        one.tend(later=11)
    assert one.buckets() == {"unknown": 1}
    with one.office.work(TOCSIN) as work:
        assert decisions.resend_held(work, one.id, "the worker's memory was raised") == 1
    assert one.pump() == 1


def test_what_was_tried_often_is_no_poison_when_its_worker_dies(telling):
    one = telling([mailbox(1)])
    one.launch()
    one.email.answers = [Outcome(OutcomeKind.RETRY, 429)] * reconcile.MOST_BARREN
    for _ in range(reconcile.MOST_BARREN):
        one.pump()
        one.later(3600)
    with one.office.work(TOCSIN) as work:
        assert one.lease(work, 10)
    one.tend(later=11)
    assert one.buckets() == {"waiting": 1}
    assert one.pump() == 1


def without_connection(one, once_said, passed=0):
    """Once, after a statement that says this, the pool has no connection for whoever asks next;
    `passed` others get theirs before."""
    said, came = [], []

    def hear(_connection, _cursor, statement, *_more):
        if once_said in statement:
            said.append(statement)

    def refuse(*checked_out):
        if said:
            came.append(checked_out)
            if len(came) == passed + 1:
                raise NoConnection("the pool is exhausted")

    event.listen(one.office.engine, "after_cursor_execute", hear)
    event.listen(one.office.engine, "checkout", refuse)


def test_what_cannot_be_opened_for_want_of_a_connection_is_not_held_for_it(telling):
    one = telling([mailbox(1)])
    one.launch()
    without_connection(one, "UPDATE envelope")
    with pytest.raises(NoConnection):
        one.pump()
    assert one.buckets() == {"in_flight": 1}, "its lease runs out"


def test_what_was_answered_is_kept_where_no_connection_is_left_to_record_it(telling):
    one = telling([mailbox(1)])
    one.launch()
    without_connection(one, "INSERT INTO attempt", passed=1)
    one.pump()
    assert one.pump() == 0
    assert one.buckets() == {"accepted": 1}
    assert len(one.email.told()) == 1


def test_nothing_leaves_where_no_connection_is_left_to_ask_whether_it_may(telling):
    one = telling([mailbox(1)])
    one.launch()
    without_connection(one, "INSERT INTO attempt")
    one.pump()
    assert (one.email.told(), one.buckets()) == ([], {"waiting": 1})
    one.later(3600)
    one.pump()
    assert (len(one.email.told()), one.buckets()) == (1, {"accepted": 1})
