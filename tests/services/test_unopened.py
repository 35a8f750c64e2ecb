"""What cannot be made ready to send: held if that is its own fault, else sent another time."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import event
from sqlalchemy.exc import TimeoutError as NoConnection

from incidents.database.campaigns import Envelope
from incidents.database.population import Recipient
from incidents.services import decisions, reconcile
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


def without_connection(one, once_said):
    """The pool has no connection for whoever asks next after a statement that says this."""
    due = []

    def hear(_connection, _cursor, statement, *_more):
        if once_said in statement:
            due.append(statement)

    def refuse(*_checked_out):
        if due:
            due.clear()
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
    without_connection(one, "INSERT INTO attempt")
    one.pump()
    assert one.pump() == 0
    assert one.buckets() == {"accepted": 1}
    assert len(one.email.told()) == 1
