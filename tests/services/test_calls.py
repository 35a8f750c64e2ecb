"""Calls that nobody answers are made again, a few times; whoever pressed the key is left alone."""

from __future__ import annotations

from functools import partial
from itertools import permutations

import pytest

from incidents.database.campaigns import Attempt, Envelope
from incidents.services import calls, campaigns
from incidents.work import TOCSIN
from notifiers.envelope import ReceiptKind
from tests.services.telling import ACCEPTED, NONCE, UNKNOWN

PHONE = "+12025550101"
MINUTES, HOURS = 60, 3600
K = ReceiptKind


@pytest.fixture
def telling(telling):
    return partial(telling, settle_seconds=60.0)


def called(telling):
    one = telling([{"phone": PHONE}])
    one.launch("call", "announcement")
    one.pump()
    return one


def hear(one, kind, call=-1):
    return one.fold(one.receipt(one.call.ledger[call], kind))


def test_a_call_goes_to_each_person_alone(telling):
    one = telling([{"phone": PHONE}, {"phone": PHONE}, {"phone": "+12025550102"}])
    one.launch("call", "announcement")
    one.pump()
    assert one.call.told() == [PHONE, PHONE, "+12025550102"]
    assert {envelope.callback for envelope in one.call.ledger} == {
        f"{one.office.settings.public_url.rstrip('/')}/api/v1/webhooks/twilio/calls"
    }


def test_who_presses_the_key_is_reached(telling):
    one = called(telling)
    hear(one, K.DELIVERED)
    hear(one, K.UNANSWERED)  # the line was closed: it is told after the key
    assert one.buckets() == {"delivered": 1}
    one.later(9 * HOURS)
    assert one.pump() == 0


def test_who_does_not_answer_is_called_three_times_and_then_moves_on(telling):
    one = called(telling)
    for pause in (30 * MINUTES, 4 * HOURS):
        hear(one, K.UNANSWERED)
        assert one.buckets() == {"waiting": 1}
        one.later(pause - 1)
        assert one.pump() == 0
        one.later(1)
        assert one.pump() == 1
    hear(one, K.UNANSWERED)
    assert one.buckets() == {"exhausted": 1}
    assert one.call.told() == [PHONE] * 3
    assert [row.outcome for row in one.rows(Attempt)] == ["accepted"] * 3


def test_the_same_silence_told_twice_is_one_silence(telling):
    one = called(telling)
    assert hear(one, K.UNANSWERED) == 1
    assert hear(one, K.UNANSWERED) == 0
    one.later(30 * MINUTES)
    one.pump()
    assert hear(one, K.UNANSWERED, call=0) == 0
    assert one.buckets() == {"accepted": 1}


def test_a_silence_of_an_older_call_says_nothing_of_the_newer_one(telling):
    one = called(telling)
    hear(one, K.UNANSWERED)
    one.later(30 * MINUTES)
    one.pump()
    late = one.receipt(one.call.ledger[0], K.UNANSWERED)
    one.fold(late._replace(dedupe_key="another word of the first call"))
    assert one.buckets() == {"accepted": 1}


@pytest.mark.parametrize("order", list(permutations((K.SENT, K.UNANSWERED, K.DELIVERED))))
def test_in_whatever_order_it_is_told_a_pressed_key_stands(telling, order):
    one = called(telling)
    for kind in order:
        hear(one, kind)
    assert one.buckets() == {"delivered": 1}
    one.later(9 * HOURS)
    assert one.pump() == 0
    assert [row.state for row in one.rows(Envelope)] == ["accepted"]


def test_a_key_told_of_after_the_last_call_takes_a_person_back(telling):
    one = called(telling)
    for _ in range(2):
        hear(one, K.UNANSWERED)
        one.later(4 * HOURS)
        one.pump()
    hear(one, K.UNANSWERED)
    assert one.buckets() == {"exhausted": 1}
    hear(one, K.DELIVERED)
    assert one.buckets() == {"delivered": 1}


def test_words_left_with_a_machine_confirm_nothing_and_ring_no_more(telling):
    one = called(telling)
    hear(one, K.LEFT)
    one.later(9 * HOURS)
    assert one.pump() == 0
    assert one.buckets() == {"accepted": 1}


def test_a_call_that_fails_for_good_moves_on_at_once(telling):
    one = called(telling)
    hear(one, K.FAILED)
    assert one.buckets() == {"exhausted": 1}


def test_a_silence_proves_that_an_unknown_call_was_made(telling):
    one = telling([{"phone": PHONE}])
    one.launch("call", "announcement")
    leaving = []
    one.call.answers = [lambda envelope: leaving.append(envelope) or UNKNOWN]
    one.pump()
    one.fold(one.receipt(leaving[0], K.UNANSWERED))
    assert one.buckets() == {"waiting": 1}
    assert [row.outcome for row in one.rows(Attempt)] == ["accepted"]


def test_a_silence_told_before_the_worker_has_recorded_its_call_is_not_lost(telling):
    one = telling([{"phone": PHONE}])
    one.launch("call", "announcement")

    def told_while_sending(envelope):
        one.fold(one.receipt(envelope, K.UNANSWERED))
        return ACCEPTED

    one.call.answers = [told_while_sending]
    one.pump()
    assert one.buckets() == {"waiting": 1}
    one.later(30 * MINUTES)
    assert one.pump() == 1


def test_a_finished_campaign_runs_again_for_whoever_is_called_again(telling):
    one = called(telling)
    one.tend()
    assert one.status() == "finished"
    hear(one, K.UNANSWERED)
    assert one.status() == "running"


def test_a_stopped_campaign_calls_nobody_again(telling):
    one = called(telling)
    with one.office.work(TOCSIN) as work:
        campaigns.stop(work, one.id)
    hear(one, K.UNANSWERED)
    assert one.buckets() == {"accepted": 1}


def test_the_words_of_a_call_can_be_opened_again(telling):
    one = called(telling)
    (sent,) = one.call.ledger
    with one.office.look(TOCSIN) as work:
        again = calls.opened_again(work, sent.attempt)
    assert (again.words, again.people, again.attempt) == (sent.words, sent.people, sent.attempt)
    assert f"%%{NONCE}.name.t%%" in again.words.text
