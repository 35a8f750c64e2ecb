"""What a law forbids to tell the people of its place keeps a notice from being approved."""

from uuid import UUID

import pytest
from sqlalchemy import update

from incidents.database.incidents import Incident
from incidents.database.population import Recipient
from incidents.work import TOCSIN
from tests.api.desk import fields
from tests.services.telling import make_people

MASSACHUSETTS = "us-ma-93h-people"


@pytest.fixture
def incident(lead, office):
    """The sample breach, with social security numbers, and one reader in Massachusetts."""
    incident = lead.sample()
    lead.learn(incident, "found in the copy too", data_categories=["contact", "ssn"])
    with office.work(TOCSIN) as work:
        row = work.session.get_one(Incident, UUID(incident["id"]))
        make_people(
            work,
            row,
            [{"place": place, "email": f"{place}@example.com"} for place in ("US-MA", "DE")],
        )
    lead.learn(incident, "counted by the list", people_by_place={"US-MA": 1, "DE": 9999})
    return incident


@pytest.fixture
def notice(lead, incident):
    return lead.notice(incident)


def approve(desk, notice, *despite: str):
    path = f"/notices/{notice['id']}/approvals"
    body = {"despite": list(despite)} if despite else None
    return desk.ask("POST", path, body, if_match=notice["version"])


def edited(lead, notice, **words):
    path = f"/notices/{notice['id']}/words/en"
    changed = notice["words"]["en"] | words
    return lead.ask("PUT", path, changed, if_match=notice["version"]).json()


def test_a_notice_that_residents_of_massachusetts_read_is_refused_and_says_what_to_do(
    approver, notice
):
    (stands,) = notice["missing"]
    assert stands["field"] == "place US-MA"
    assert "the nature of the breach; how many people are affected" in stands["why"]
    assert "M.G.L. c. 93H s. 3(b)" in stands["why"]
    assert "or withhold them" in stands["mend"]
    told = approve(approver, notice)
    assert told.status_code == 422
    assert fields(told.json()) == ["place US-MA"]


def test_an_approver_may_answer_that_the_words_tell_none_of_it(lead, approver, incident, notice):
    assert approve(approver, notice, "us-tx-521-053-people").status_code == 422
    assert approve(approver, notice, MASSACHUSETTS).status_code == 201
    lines = lead.get(f"/incidents/{incident['id']}/timeline")
    assert any(f"read against {MASSACHUSETTS}" in line["text"] for line in lines)


@pytest.mark.parametrize("number", ["10,000", "10000", "10.000", "10 000"])
def test_a_number_of_people_in_the_words_is_refused_whatever_the_approver_answers(
    lead, approver, notice, number
):
    told = approve(approver, edited(lead, notice, what_happened=[f"It struck {number} people."]),
                   MASSACHUSETTS)  # fmt: skip
    assert fields(told.json()) == ["en.what_happened"]
    assert "10,000" in told.json()["problems"][0]["why"]


def test_another_number_is_no_number_of_people(lead, approver, notice):
    words = edited(lead, notice, what_happened=["Call 100000, day and night."])
    assert approve(approver, words, MASSACHUSETTS).status_code == 201


def test_whoever_is_withheld_does_not_read_it(approver, office, notice):
    with office.work(TOCSIN) as work:
        held = update(Recipient).where(Recipient.place == "US-MA").values(withheld="own_words")
        work.session.execute(held)
    assert approve(approver, notice).status_code == 201


def test_data_that_the_law_does_not_protect_set_no_limit(lead, approver, notice, incident):
    lead.learn(incident, "no numbers after all", data_categories=["contact"])
    assert approve(approver, notice).status_code == 201
