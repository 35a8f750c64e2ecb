"""`tocsin campaign stop` says what it means before it acts, and afterwards what is left to do."""

from __future__ import annotations

import json

import pytest

from incidents.services import campaigns
from incidents.work import TOCSIN
from tests.services.telling import ACCEPTED, mailbox


@pytest.fixture
def one(telling):
    """A campaign that was paused when it had told one of three people."""
    one = telling([mailbox(n) for n in range(3)], people_per_envelope=1, messages_per_lease=1)

    def paused(_envelope):
        with one.office.work(TOCSIN) as work:
            campaigns.pause(work, one.id)
        return ACCEPTED

    one.email.answers = [paused]
    one.launch()
    one.pump()
    return one


def test_it_says_in_numbers_what_stopping_means_and_asks(one, as_lead):
    said = as_lead("campaign", "stop", one.incident.number, stdin="n\n")
    assert (said.code, said.out.strip()) == (1, "")
    assert "People told: 1. Not told: 2." in said.err
    assert "cannot be launched again" in said.err
    assert "tocsin campaign pause" in said.err
    assert one.status() == "paused"


def test_who_says_yes_is_told_what_is_left_to_do(one, as_lead):
    said = as_lead("campaign", "stop", one.incident.number, stdin="y\n")
    assert said.code == 0
    assert one.status() == "stopped"
    assert f"tocsin notice rest {one.incident.number} {one.notice.reference}" in said.out
    assert "tocsin announcement propose" in said.out


def test_a_script_says_so_beforehand_and_gets_the_reply_alone(one, as_lead):
    said = as_lead("campaign", "stop", one.incident.number, "--yes", "--json")
    assert (said.code, json.loads(said.out)["status"]) == (0, "stopped")
    assert "Stop it?" not in said.err
    assert "for good" not in said.err
    asked = as_lead("campaign", "rest", one.incident.number, "--json")
    assert json.loads(asked.out) == {"told": 1, "in_doubt": 0, "rest": 2}


def test_nobody_there_to_answer_stops_nothing(one, as_lead):
    assert as_lead("campaign", "stop", one.incident.number).code == 1
    assert one.status() == "paused"


def test_what_is_over_is_refused_without_a_question(one, as_lead):
    as_lead("campaign", "stop", one.incident.number, "--yes")
    said = as_lead("campaign", "stop", one.incident.number)
    assert said.code == 1
    assert "Stop it?" not in said.err


def test_a_notice_to_the_rest_is_drafted_and_listed_as_such(one, as_lead, office):
    as_lead("campaign", "stop", one.incident.number, "--yes")
    said = as_lead("notice", "rest", one.incident.number)
    assert said.code == 0
    assert "(to the rest)" in said.out
