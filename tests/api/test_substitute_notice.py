"""Each law's own threshold for a public notice, at the number and one below, through the API."""

from uuid import UUID

import pytest

from incidents.database.incidents import Incident
from incidents.work import TOCSIN
from tests.api.desk import Desk
from tests.services.telling import make_people

HEALTH = {
    "role": "controller",
    "organisation_flags": ["hipaa_covered_entity"],
    "data_categories": ["contact", "health"],
    "breach_kinds": ["confidentiality"],
    "encryption": "none",
    "good_faith_internal": False,
    "people_by_place": {"US-TX": 40},
}
SHOP = {**HEALTH, "organisation_flags": [], "data_categories": ["contact", "ssn"]}
AWARE = {"detected_at": "2026-03-01T09:20:00Z"}


@pytest.fixture
def lead(client, as_role) -> Desk:
    return Desk(client, as_role("commander", "privacy_officer"))


def opened(lead, **facts):
    return lead.open(facts=facts, moments=AWARE)


def asked(lead, incident):
    return lead.get(f"/incidents/{incident['id']}/announcement-proposal")


def listed(office, incident, place: str, reached: int = 0, unreached: int = 0) -> None:
    with office.work(TOCSIN) as work:
        row = work.session.get_one(Incident, UUID(incident["id"]))
        people = [{"place": place, "email": f"p{n}@example.com"} for n in range(reached)]
        make_people(work, row, people + [{"place": place}] * unreached)


def test_whom_a_letter_reaches_is_not_unreachable(lead, office):
    incident = opened(lead, **HEALTH)
    with office.work(TOCSIN) as work:
        row = work.session.get_one(Incident, UUID(incident["id"]))
        people = [{"place": "US-TX", "post": f"{n} Sample Street, Austin"} for n in range(20)]
        make_people(work, row, people)
    proposal = asked(lead, incident)
    assert ground(proposal, "us-hipaa-164-404-d-2-i") is None
    assert ground(proposal, "us-hipaa-164-404-d-2-ii") is None


def ground(proposal, rule: str, among: str = "grounds"):
    return next((one for one in proposal[among] if one["rule"] == rule), None)


@pytest.mark.parametrize(
    ("unreached", "rule", "other"),
    [
        (10, "us-hipaa-164-404-d-2-ii", "us-hipaa-164-404-d-2-i"),
        (9, "us-hipaa-164-404-d-2-i", "us-hipaa-164-404-d-2-ii"),
    ],
)
def test_ten_patients_unreachable_ask_for_a_posting_and_nine_for_another_way_each(
    lead, office, unreached, rule, other
):
    incident = opened(lead, **HEALTH)
    listed(office, incident, "US-TX", reached=400, unreached=unreached)
    proposal = asked(lead, incident)
    found = ground(proposal, rule)
    assert found["law"] == "HIPAA Breach Notification Rule"
    assert f"unreachable count is {unreached}" in "".join(found["why"])
    assert "45 CFR 164.404(d)(2)" in found["source"]
    assert ground(proposal, other) is None
    public = unreached == 10
    assert (found["stands_for"] == "public") is public
    assert (found["means"], found["days"], found["toll_free"]) == (
        (["website", "media"], 90, True) if public else (["letter", "call", "email"], None, False)
    )
    assert proposal["days"] == (90 if public else None)


@pytest.mark.parametrize(("residents", "is_told"), [(501, True), (500, False)])
def test_more_than_500_residents_of_a_state_ask_for_the_media_as_a_duty_of_its_own(
    lead, residents, is_told
):
    incident = opened(lead, **HEALTH | {"people_by_place": {"US-TX": residents}})
    proposal = asked(lead, incident)
    found = ground(proposal, "us-hipaa-164-406", "media")
    assert (found is not None) is is_told
    if found:
        assert (found["source"], found["means"]) == ("45 CFR 164.406", ["media"])
        assert "501" in "".join(found["why"])
        assert found["due_at"]
    assert ground(proposal, "us-hipaa-164-406") is None, "it proposes no announcement by itself"


@pytest.mark.parametrize(
    ("place", "cost", "rule", "source"),
    [
        ("US-TX", 250_000, "us-tx-521-053-substitute", "521.053(f)"),
        ("US-ME", 5_000, "us-me-1348-substitute", "1347(4)"),
        ("US-AL", 500_000, "us-al-8-38-substitute", "8-38-5(e)"),
    ],
)
def test_each_state_has_its_own_cost(lead, office, place, cost, rule, source):
    incident = opened(lead, **SHOP | {"people_by_place": {place: 3}})
    listed(office, incident, place, reached=3)
    open_ = ground(asked(lead, incident), rule, "undecided")
    assert open_["missing"] == ["notice_cost_usd"], "what nobody priced may yet decide"
    lead.learn(incident, notice_cost_usd=cost)
    assert asked(lead, incident)["proposed"] is False
    lead.learn(incident, "priced again", notice_cost_usd=cost + 1)
    proposal = asked(lead, incident)
    assert proposal["proposed"] is True
    assert f"{cost + 1:,}" in "".join(ground(proposal, rule)["why"])
    assert source in ground(proposal, rule)["source"]


@pytest.mark.parametrize(("residents", "proposed"), [(1_001, True), (1_000, False)])
def test_a_state_that_counts_people_counts_its_residents(lead, office, residents, proposed):
    incident = opened(lead, **SHOP | {"people_by_place": {"US-ME": residents}})
    listed(office, incident, "US-ME", reached=residents)
    lead.learn(incident, notice_cost_usd=1)
    proposal = asked(lead, incident)
    assert proposal["proposed"] is proposed
    found = ground(proposal, "us-me-1348-substitute")
    assert (found["place"] if found else None) == ("US-ME" if proposed else None)


@pytest.mark.parametrize(("home", "proposed"), [("US-WY", True), ("US-TX", False)])
def test_wyoming_asks_less_of_those_who_are_based_there(lead, office, home, proposed):
    incident = opened(lead, **SHOP | {"people_by_place": {"US-WY": 2}, "establishment": home})
    listed(office, incident, "US-WY", reached=2)
    lead.learn(incident, notice_cost_usd=10_001)
    assert asked(lead, incident)["proposed"] is proposed


def test_before_there_is_a_list_of_people_the_facts_say_who_cannot_be_reached(lead):
    incident = opened(lead, **HEALTH)
    open_ = ground(asked(lead, incident), "us-hipaa-164-404-d-2-ii", "undecided")
    assert open_["missing"] == ["unreachable_count"]
    lead.learn(incident, uncontactable_count=9)
    assert ground(asked(lead, incident), "us-hipaa-164-404-d-2-ii") is None
    lead.learn(incident, "counted again", uncontactable_count=10)
    assert ground(asked(lead, incident), "us-hipaa-164-404-d-2-ii") is not None
