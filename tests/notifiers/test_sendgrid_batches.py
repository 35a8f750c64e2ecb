from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from notifiers.dispatch import Dispatch
from notifiers.envelope import Envelope, FindingKind, OutcomeKind, Recall
from notifiers.fake.faults import Faults
from notifiers.fake.server import FakeProviders
from tests.notifiers.makers import make_envelope, sendgrid_at

IN_A_WHILE = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=15)


def scheduled(batch: str) -> Envelope:
    return make_envelope(attempt=uuid.uuid4().hex, recall=Recall(batch, IN_A_WHILE))


def send(dispatch: Dispatch, envelope: Envelope) -> OutcomeKind:
    body = dispatch.courier("sendgrid").body(envelope)
    return dispatch.send_all([("sendgrid", envelope, body)])[0].kind


def gone(fake: FakeProviders, envelope: Envelope) -> int:
    return len(fake.get(f"/ledger/people?attempt={envelope.attempt}")["people"])


def test_batch_and_time_ride_in_the_body(dispatch: Dispatch) -> None:
    request = orjson.loads(dispatch.courier("sendgrid").body(scheduled("b1")))
    assert (request["batch_id"], request["send_at"]) == ("b1", int(IN_A_WHILE.timestamp()))


def test_nothing_has_gone_before_it_is_due_and_all_of_it_after(
    dispatch: Dispatch, fake: FakeProviders
) -> None:
    fake.set_faults(due_seconds=0.3, receipts=False)
    envelope = scheduled(*dispatch.new_batches(["sendgrid"]))
    assert send(dispatch, envelope) is OutcomeKind.ACCEPTED
    assert gone(fake, envelope) == 0
    time.sleep(0.6)
    assert gone(fake, envelope) == 1


def test_what_was_cancelled_never_goes_nor_what_comes_late_under_its_batch(
    dispatch: Dispatch, fake: FakeProviders
) -> None:
    fake.set_faults(due_seconds=0.3, cancel_seconds=0, receipts=False)
    (batch,) = dispatch.new_batches(["sendgrid"])
    first, late = scheduled(batch), scheduled(batch)
    send(dispatch, first)
    assert dispatch.cancel("sendgrid", batch).kind is FindingKind.CANCELLED
    send(dispatch, late)
    time.sleep(0.6)
    assert (gone(fake, first), gone(fake, late)) == (0, 0)


def test_a_cancellation_whose_answer_was_lost_is_found_again(
    dispatch: Dispatch, fake: FakeProviders
) -> None:
    (batch,) = dispatch.new_batches(["sendgrid"])
    found = [dispatch.cancel("sendgrid", batch) for _ in range(2)]
    assert {one.kind for one in found} == {FindingKind.CANCELLED}


def test_too_late_is_no_cancellation(dispatch: Dispatch, fake: FakeProviders) -> None:
    fake.set_faults(due_seconds=0.1, cancel_seconds=600, receipts=False)
    (batch,) = dispatch.new_batches(["sendgrid"])
    envelope = scheduled(batch)
    send(dispatch, envelope)
    found = dispatch.cancel("sendgrid", batch)
    assert (found.kind, found.evidence) == (
        FindingKind.CANNOT_TELL,
        "sendgrid 400: the batch could not be cancelled",
    )


def test_an_eleventh_cancellation_waits_for_the_first_to_be_over(tmp_path: Path) -> None:
    with FakeProviders(tmp_path, faults=Faults(due_seconds=900)) as alone:
        dispatch = Dispatch([sendgrid_at(alone)])
        batches = dispatch.new_batches(["sendgrid"] * 11)
        for batch in batches:
            send(dispatch, scheduled(batch))
        kinds = [dispatch.cancel("sendgrid", batch).kind for batch in batches]
        dispatch.close()
    assert kinds == [FindingKind.CANCELLED] * 10 + [FindingKind.CANNOT_TELL]


def test_an_unknown_batch_and_a_wrong_key_give_nothing(fake: FakeProviders) -> None:
    dispatch = Dispatch([sendgrid_at(fake, api_key="SG.wrong")])
    assert dispatch.new_batches(["sendgrid"]) == [""]
    assert dispatch.cancel("sendgrid", "b").kind is FindingKind.CANNOT_TELL
    dispatch.close()
