"""What a provider with idempotency keys may have taken is asked again under its key, by bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from incidents.database.campaigns import Attempt, Envelope
from incidents.services import unknowns
from incidents.work import TOCSIN
from notifiers.dispatch import Dispatch
from notifiers.fake.ledger import Accepted, read
from notifiers.fake.server import FakeProviders
from tests.notifiers.makers import resend_at
from tests.services.telling import mailbox

PEOPLE = 250  # three batches


@pytest.fixture
def fake(tmp_path) -> Iterator[FakeProviders]:
    with FakeProviders(tmp_path / "fake") as running:
        yield running


@pytest.fixture
def one(fake, telling):
    one = telling([mailbox(n) for n in range(PEOPLE)], settle_seconds=60.0)
    one.office = replace(one.office, routes={"live": {"email": "resend"}})
    one.dispatch = Dispatch([resend_at(fake)])
    return one


def taken(fake: FakeProviders) -> list[Accepted]:
    return list(read(fake.ledger_path))


@pytest.mark.parametrize("fault", ["error_after", "reset_after", "hang_after", "error_before"])
def test_whatever_became_of_the_first_call_each_is_told_once(one, fake, fault):
    fake.set_faults(next=[fault] * 3)
    one.launch("email")
    one.pump()
    assert one.buckets() == {"unknown": PEOPLE}
    assert len(taken(fake)) == (0 if fault == "error_before" else 3)
    one.tend(later=61)
    assert one.buckets() == {"accepted": PEOPLE}
    assert set(fake.times_told("address").values()) == {1}
    sent = {call.attempt: call.more["sha256"] for call in taken(fake)}
    attempts = one.rows(Attempt)
    assert {row.id.hex: row.sha256 for row in attempts} == sent
    assert {row.evidence["by"] for row in attempts} == {"native_key"}
    with one.office.look(TOCSIN) as work:
        found = unknowns.unknowns(work, one.id)
    assert (found.open, found.by) == (0, {"native_key": 3})


def test_a_key_in_use_is_asked_again_until_it_answers(one, fake):
    fake.set_faults(next=["error_after"] * 3, key_busy_seconds=600)
    one.launch("email")
    one.pump()
    one.tend(later=61)
    assert one.buckets() == {"unknown": PEOPLE}
    fake.set_faults()
    one.tend(later=61)
    assert one.buckets() == {"accepted": PEOPLE}
    assert set(fake.times_told("address").values()) == {1}


def test_after_the_keys_time_nothing_is_sent_and_the_policy_decides(one, fake):
    fake.set_faults(next=["error_after"] * 3)
    one.launch("email", unknown_policy="hold")
    one.pump()
    fake.set_faults(key_seconds=0)  # it forgets, as Resend does after a day
    one.tend(later=24 * 3600 + 1)
    assert set(fake.times_told("address").values()) == {1}
    assert {row.state for row in one.rows(Envelope)} == {"held"}
