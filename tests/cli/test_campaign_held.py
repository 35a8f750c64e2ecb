"""`tocsin campaign held` lists what waits for a decision; `give-up-held` is one of the two."""

from __future__ import annotations

import json

import pytest

from incidents.database.population import Recipient
from incidents.work import TOCSIN
from tests.services.telling import mailbox


@pytest.fixture
def one(telling):
    """A campaign in which one of two people cannot be opened."""
    one = telling([mailbox(1), mailbox(2)])
    one.launch("email", "announcement")
    with one.office.work(TOCSIN) as work:
        row = work.session.get_one(Recipient, one.people[0])
        row.sealed = row.sealed[:-1] + bytes([row.sealed[-1] ^ 1])
    one.pump()
    return one


def test_what_is_held_is_listed_with_why_and_given_up_with_a_reason(one, as_lead):
    number = one.incident.number
    said = as_lead("campaign", "held", number)
    assert "could not be made ready: Unreadable" in said.out
    (held,) = json.loads(as_lead("campaign", "held", number, "--json").out)
    assert as_lead("campaign", "give-up-held", number).code == 2
    envelope = ("--envelope", held["envelope"])
    said = as_lead("campaign", "give-up-held", number, "--reason", "no copy opens", *envelope)
    assert (said.code, said.out.strip()) == (0, "1 envelopes are given up; their people go on")
    assert "Nothing is held" in as_lead("campaign", "held", number).out
    assert one.buckets() == {"accepted": 1, "exhausted": 1}


def test_who_may_not_run_campaigns_gives_nothing_up(one, as_lead, token_of):
    asked = ("campaign", "give-up-held", one.incident.number, "--reason", "tired of it")
    assert as_lead(*asked, token=token_of("auditor")).code == 1
    assert one.buckets() == {"accepted": 1, "unknown": 1}
