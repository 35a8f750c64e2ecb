"""Our key is refused in mid-campaign: all wait, it shows, and goes on by itself when mended."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import SecretStr

from incidents.services import equation
from incidents.wiring import dispatches_for
from incidents.work import TOCSIN
from notifiers.fake.server import FakeProviders
from tests.services.telling import mailbox

PEOPLE = 60


@pytest.fixture
def fake(tmp_path):
    with FakeProviders(tmp_path / "fake") as fake:
        fake.set_faults(receipts=False)
        yield fake


def with_key(one, fake, key):
    """The same campaign, sent through the fake with this key."""
    told = {"sendgrid_url": fake.url, "email_provider": "sendgrid"}
    settings = one.office.settings.model_copy(
        update=told | {"sendgrid_api_key": SecretStr(key), "people_per_envelope": 10}
    )
    one.office = replace(one.office, settings=settings)
    one.dispatch.close()
    one.dispatch = dispatches_for(settings)["live"]


def progress(one):
    with one.office.look(TOCSIN) as work:
        return equation.progress(work, one.id)


def test_everybody_waits_while_our_key_is_refused_and_is_told_once_when_it_is_mended(fake, telling):
    one = telling([mailbox(n) for n in range(PEOPLE)])
    with_key(one, fake, "a key that was taken back")
    one.launch("email")
    one.pump()
    one.tend()
    assert one.buckets() == {"waiting": PEOPLE}
    assert one.status() == "running"
    (trouble, *_) = progress(one).troubles
    assert (trouble.state, trouble.provider) == ("waits", "sendgrid")
    assert trouble.reason.startswith("refuses our key or account: sendgrid 401")
    assert trouble.people == PEOPLE
    with_key(one, fake, fake.sendgrid_api_key)
    for _ in range(10):
        one.tend(120)
        one.pump()
    assert one.buckets() == {"accepted": PEOPLE}
    assert progress(one).troubles == []
    assert set(fake.times_told("ref").values()) == {1}
