"""What is due later and may have left is cancelled, sent again, and reaches each person once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from incidents.database.campaigns import Attempt, Envelope
from incidents.errors import InvalidInput
from incidents.rules.ladder import CANCELLABLE_CALLS
from incidents.services import unknowns
from incidents.work import TOCSIN
from notifiers.dispatch import Dispatch
from notifiers.fake.server import FakeProviders
from tests.notifiers.makers import sendgrid_at
from tests.services.telling import mailbox

PEOPLE = CANCELLABLE_CALLS + 1
SETTLE = 60.0


class Died(BaseException):
    """What ends a worker where it stands."""


class Dying(Dispatch):
    """Dies once the bytes have left and before anybody knows."""

    def send_all(self, *given):
        super().send_all(*given)
        raise Died


@pytest.fixture
def fake(tmp_path) -> Iterator[FakeProviders]:
    with FakeProviders(tmp_path / "fake") as running:
        yield running


@pytest.fixture
def one(fake, telling):
    """The fake's clock is the real one; ours stands: `due_seconds` says when mail is due there."""
    one = telling([mailbox(n) for n in range(PEOPLE)], settle_seconds=SETTLE)
    one.office = replace(one.office, routes={"live": {"email": "sendgrid"}})
    one.dispatch = Dispatch([sendgrid_at(fake)])
    return one


def left(fake: FakeProviders, count: int) -> None:
    """Waits until so many have left; nobody has left twice."""
    end = time.monotonic() + 10
    while (told := fake.times_told("address")).total() < count:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert set(told.values()) == {1}


@pytest.mark.parametrize("fault", ["error_after", "reset_after", "hang_after", "error_before"])
def test_what_is_in_doubt_is_cancelled_before_it_is_due_and_sent_again(one, fake, fault):
    fake.set_faults(next=[fault], due_seconds=2, cancel_seconds=0)
    one.launch("email", recallable=True)
    one.pump()
    assert one.buckets() == {"unknown": PEOPLE}
    one.tend(later=1)
    assert one.buckets() == {"waiting": PEOPLE}
    one.pump()
    assert one.buckets() == {"accepted": PEOPLE}
    left(fake, PEOPLE)
    gone = 0 if fault == "error_before" else 1
    assert fake.ledger()["answers"].get("sendgrid:cancelled", 0) == gone
    first, second = sorted(one.rows(Attempt), key=lambda row: row.epoch)
    assert (first.outcome, first.evidence["by"]) == ("retry", "cancelled")
    assert (second.outcome, second.evidence) == ("accepted", {})
    assert first.batch_id
    assert second.batch_id not in {"", first.batch_id}
    with one.office.look(TOCSIN) as work:
        found = unknowns.unknowns(work, one.id)
    assert (found.open, found.by) == (0, {"cancelled": 1})


def test_what_cannot_be_cancelled_waits_until_it_was_due_and_then_the_policy_decides(one, fake):
    fake.set_faults(next=["error_after"], due_seconds=1, cancel_seconds=600)
    one.launch("email", recallable=True, unknown_policy="hold")
    one.pump()
    for seconds in (1, 60, 250, 600):  # too late to cancel, and too soon to tell
        one.tend(later=seconds)
        assert [row.state for row in one.rows(Envelope)] == ["unknown"]
    one.tend(later=SETTLE)
    assert [row.state for row in one.rows(Envelope)] == ["held"]
    left(fake, PEOPLE)


def test_nothing_leaves_without_a_batch_to_cancel_it_by(one, fake):
    one.dispatch.close()
    one.dispatch = Dispatch([sendgrid_at(fake, api_key="SG.wrong")])
    one.launch("email", recallable=True)
    one.pump()
    assert one.buckets() == {"waiting": PEOPLE}
    (attempt,) = one.rows(Attempt)
    assert "no batch" in attempt.reason
    assert "sendgrid:401" not in fake.ledger()["answers"], "mail/send was not even asked"


def test_other_campaigns_leave_at_once(one, fake):
    one.launch("email")
    one.pump()
    assert fake.times_told("address").total() == PEOPLE
    assert [(row.batch_id, row.due_at) for row in one.rows(Attempt)] == [("", None)]


def test_a_doubt_of_a_worker_that_died_is_cancelled_too(one, fake):
    fake.set_faults(due_seconds=2, cancel_seconds=0)
    one.launch("email", recallable=True)
    alive, one.dispatch = one.dispatch, Dying([sendgrid_at(fake)])
    with pytest.raises(Died):
        one.pump()
    one.dispatch.close()
    one.dispatch = alive
    one.tend(later=one.office.settings.lease_seconds + 1)
    one.tend()
    one.pump()
    assert one.buckets() == {"accepted": PEOPLE}
    left(fake, PEOPLE)


@pytest.mark.parametrize(
    ("route", "size", "why"),
    [
        ("smtp", 1000, "nobody on the ladder"),
        ("sendgrid:1,smtp:1", 1000, "smtp calls nothing back"),
        ("sendgrid", 1, f"calls, over {CANCELLABLE_CALLS}"),
    ],
)
def test_a_launch_that_could_not_keep_it_is_refused(one, route, size, why):
    settings = one.office.settings.model_copy(update={"people_per_envelope": size})
    routes = {"live": {"email": route}}
    one.office = replace(one.office, settings=settings, routes=routes)
    with pytest.raises(InvalidInput, match=why) as refused:
        one.launch("email", recallable=True)
    assert [problem.field for problem in refused.value.problems] == ["recallable"]
