"""Judging facts over HTTP: the same answer as the command, what-if, and what to find out next."""

from incidents.rules.assessment import assessment, read_changes, read_facts
from incidents.rules.catalogue import load
from tests.conftest import NOW

FACTS = {
    "role": "controller",
    "establishment": "US-TX",
    "organisation_flags": [],
    "data_categories": ["ssn"],
    "breach_kinds": ["confidentiality"],
    "encryption": "none",
    "people_by_place": {"US-TX": 249, "DE": 30, "CN": 10},
    "detected_at": "2026-03-01T09:20:00Z",
}
MORE = {"people_by_place": {"US-TX": 250, "DE": 30, "CN": 10}, "risk": "high"}


def test_the_same_facts_get_the_same_answer_by_every_door(lead):
    at = NOW.isoformat()
    asked = {"facts": FACTS, "at": at, "changes": MORE, "explain": True}
    facts = read_facts(FACTS, NOW)
    changes = read_changes(facts, MORE, NOW)
    here = assessment(facts, load(), NOW, changes=changes, with_trees=True)
    assert lead.post("/assessments", asked) == here


def test_changes_of_an_incident_are_supposed_and_not_kept(lead):
    incident = lead.open(facts=FACTS)
    path = f"/incidents/{incident['id']}"
    answer = lead.post(f"{path}/assessments", {"changes": MORE})
    kinds = {one["rule"]: one["kind"] for one in answer["changes"]}
    assert kinds["us-tx-521-053-authority"] == "appeared"
    assert lead.get(f"{path}/next-facts")["next_facts"][0]["fact"] == "risk"
    near = lead.get(f"{path}/next-facts")["near_thresholds"]
    assert any(one["rule"] == "us-tx-521-053-authority" for one in near)
    assert lead.post(f"{path}/assessments", {}).keys().isdisjoint({"changes"})


def test_impossible_facts_are_refused_field_by_field(lead):
    wrong = {
        "people_by_place": {"DE": 12, "UK": 3},
        "record_count": -1,
        "aware_at": "2026-03-01T09:20:00",
    }
    problem = lead.refused(422, "POST", "/assessments", {"facts": wrong})
    assert {one["field"]: one["mend"] for one in problem["problems"]} == {
        "facts.people_by_place.UK": "did you mean GB?",
        "facts.record_count": "from 0 to 10,000,000,000",
        "facts.aware_at": "write it with a zone, such as 2026-03-01T09:30:00+08:00",
    }
    later = {"facts": FACTS, "at": "2026-02-01T00:00:00Z"}
    problem = lead.refused(422, "POST", "/assessments", later)
    assert [one["field"] for one in problem["problems"]] == ["facts.detected_at"]
    problem = lead.refused(
        422, "POST", "/assessments", {"facts": FACTS, "changes": {"people_count": 200}}
    )
    assert problem["problems"][0]["field"] == "changes.people_by_place"
