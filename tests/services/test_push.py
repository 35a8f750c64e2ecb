"""Push messages through the whole pipeline: planned, sealed, opened, posted, shown by the fake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from incidents.database.campaigns import Attempt, Delivery
from notifiers.dispatch import Dispatch
from notifiers.fake.ledger import read
from notifiers.fake.server import FakeProviders
from tests.notifiers.makers import push_at
from tests.services.telling import mailbox


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeProviders]:
    with FakeProviders(tmp_path_factory.mktemp("fake")) as running:
        yield running


@pytest.fixture
def telling(telling, fake):
    """Real push couriers at the fake, and a scripted one for e-mail."""

    def make(people):
        one = telling(people, settle_seconds=60.0)
        one.office = replace(one.office, routes={"live": {"email": "sendgrid", "push": "push"}})
        one.dispatch = Dispatch([one.email, push_at(fake)])
        return one

    return make


def shown(ledger: Path, address: str) -> list[str]:
    """The texts that a device showed."""
    mine = [one for one in read(ledger) if one.people[0][0] == address]
    return [
        one.more["message"]["notification"]["body"]
        if one.provider == "fcm"
        else one.more["shown"]["notification"]["body"]
        for one in mine
    ]


def test_apps_and_browsers_show_the_words_and_the_dead_get_an_email(telling, fake):
    browser = fake.subscription("a-browser-of-ada")
    one = telling(
        [
            mailbox(1, push="phone-of-nora-1", name="Nora"),
            mailbox(2, push=browser, name="Ada", locale="zh-Hans"),
            mailbox(3, push="phone-unregistered-3"),
            mailbox(4, push=fake.subscription("unregistered-4")),
            mailbox(5, push='{"endpoint":"https://169.254.169.254/","keys":{}}'),
        ]
    )
    one.launch("push", "email", "announcement")
    one.pump()
    assert one.buckets() == {"accepted": 5}
    (text,) = shown(fake.ledger_path, "phone-of-nora-1")
    assert text.startswith("[en] Dear Nora,")
    (text,) = shown(fake.ledger_path, f"{fake.url}/push/a-browser-of-ada")
    assert text.startswith("[zh-Hans] Dear Ada,")
    assert one.email.told() == [f"person{n}@example.com" for n in (3, 4, 5)]


def test_why_somebody_moved_on_is_kept_without_their_token(telling, fake):
    one = telling(
        [mailbox(1, push="phone-unregistered-1"), mailbox(2, push=fake.subscription("mismatch-2"))]
    )
    one.launch("push", "email", "announcement")
    one.pump()
    reasons = {row.reason for row in one.rows(Delivery) if row.outcome == "failed"}
    assert reasons == {"fcm UNREGISTERED: the app is gone from the device"}
    told = " ".join(str(vars(row)) for kind in (Attempt, Delivery) for row in one.rows(kind))
    assert "phone-unregistered" not in told
    assert "mismatch-2" not in told
    # 403, and nobody has been told under our key yet: it may be the key.
    assert one.buckets() == {"accepted": 1, "waiting": 1}


def test_what_a_push_service_left_open_waits_and_then_a_copy_takes_its_place(telling, fake):
    one = telling([mailbox(1, push="phone-of-nora-2")])
    one.launch("push", "email", "announcement", unknown_policy="hold")
    fake.set_faults(next=["error_after"])
    one.pump()
    assert one.buckets() == {"unknown": 1}
    one.tend(later=61)
    one.pump()
    assert one.buckets() == {"accepted": 1}
    first, again = (
        line.more["message"]["android"]["notification"]["tag"]
        for line in read(fake.ledger_path)
        if line.people[0][0] == "phone-of-nora-2"
    )
    assert first == again
