"""A judgement of severity stands, records the fact that the law asks for, and can go back."""

import pytest

from tests.api.desk import fields

EU = {
    "establishment": "DE",
    "role": "controller",
    "people_by_place": {"DE": 40},
    "data_categories": ["contact"],
    "breach_kinds": ["confidentiality"],
    "encryption": "none",
}
MOMENTS = {"aware_at": "2026-03-02T08:00:00Z"}


@pytest.fixture
def incident(lead):
    return lead.open(facts=EU, moments=MOMENTS)


def standing(lead, incident, method):
    return lead.get(f"/incidents/{incident['id']}/severity/{method}")


def judge(lead, incident, method, **body):
    return lead.put(f"/incidents/{incident['id']}/severity/{method}", body)


def fact(lead, incident, name):
    found = [one for one in lead.get(f"/incidents/{incident['id']}/facts") if one["name"] == name]
    return found[0] if found else None


def test_a_form_can_be_drawn_of_each_method(lead):
    found = {one["name"]: one for one in lead.get("/severity/methods")}
    assert list(found) == ["enisa", "gdpr_risk", "china", "nis2", "dora", "hipaa"]
    for method in found.values():
        assert method["source"]
        assert all(one["source"] and len(one["scale"]) >= 2 for one in method["factors"])
    assert found["enisa"]["factors"][0]["scale"][-1]["points"] == 4


def test_each_method_says_whether_it_applies_and_what_is_open(lead, incident):
    assert standing(lead, incident, "dora")["applies"] is None
    lead.learn(incident, organisation_flags=["financial_entity_eu"])
    dora = standing(lead, incident, "dora")
    assert (dora["applies"], dora["status"], dora["level"]) == (True, "proposed", "")
    assert (dora["at_least"], dora["at_most"]) == ("not_major", "major")
    assert "reputation" in dora["open_factors"]
    assert standing(lead, incident, "hipaa")["applies"] is False


def test_a_judged_risk_is_recorded_and_the_duties_follow(lead, incident):
    assert lead.duties(incident)["eu-gdpr-33"]["standing"] == "unknown"
    kept = judge(lead, incident, "gdpr_risk", level="high", reason="addresses of a shelter")
    assert (kept["status"], kept["level"]) == ("judged", "high")
    risk = fact(lead, incident, "risk")
    assert (risk["value"], risk["source"]) == ("high", "assessment by gdpr_risk")
    duties = lead.duties(incident)
    assert {duties[rule]["standing"] for rule in ("eu-gdpr-33", "eu-gdpr-34")} == {"owed"}


def test_going_back_to_the_proposal_takes_the_fact_back_and_keeps_the_history(lead, incident):
    judge(lead, incident, "gdpr_risk", level="high", reason="first look")
    path = f"/incidents/{incident['id']}/severity/gdpr_risk"
    assert fields(lead.refused(422, "PUT", path, {})) == ["reason"]
    back = judge(lead, incident, "gdpr_risk", reason="it was another list")
    assert back["status"] == "proposed"
    assert fact(lead, incident, "risk") is None
    assert lead.duties(incident)["eu-gdpr-33"]["standing"] == "unknown"
    rows = lead.get(f"/incidents/{incident['id']}/severity")
    ours = [one for one in rows if one["method"] == "gdpr_risk"]
    assert [one["factors"]["by_hand"] for one in ours] == [False, True]
    told = [one["value"] for one in lead.get(f"/incidents/{incident['id']}/facts?name=risk")]
    assert told == ["high"]
    lead.refused(409, "PUT", path, {"reason": "again"})


def test_what_was_on_record_before_stands_again(lead, incident):
    lead.learn(incident, risk="risk")
    assert standing(lead, incident, "gdpr_risk")["status"] == "stated"
    judge(lead, incident, "gdpr_risk", level="unlikely", reason="returned unread")
    judge(lead, incident, "gdpr_risk", reason="it was read")
    assert fact(lead, incident, "risk")["value"] == "risk"
    assert fact(lead, incident, "risk")["source"] == "log of the web server"


def test_factors_are_judged_one_by_one_and_the_proposal_stays_beside_them(lead, incident):
    lead.learn(incident, organisation_flags=["financial_entity_eu"])
    because = {"value": "yes", "why": "two papers wrote of it"}
    part = judge(lead, incident, "dora", factors={"reputation": because})
    assert (part["status"], part["level"]) == ("judged", "")
    assert fact(lead, incident, "dora_major") is None
    more = {
        "reputation": because,
        "critical_services": {"value": "yes", "why": "payments"},
        "economic": {"value": "yes", "why": "overtime and redress"},
    }
    whole = judge(lead, incident, "dora", factors=more)
    assert whole["level"] == "major"
    assert whole["proposal"]["level"] is None
    by = {one["name"]: one["by"] for one in whole["factors"]}
    assert (by["economic"], by["clients"]) == ("person", "facts")
    assert fact(lead, incident, "classified_major_at")["value"] == "2026-03-02T09:00:00Z"
    owed = lead.duties(incident)["eu-dora-19-initial-4h"]
    assert owed["due_at"] == "2026-03-02T13:00:00Z"


def test_a_major_incident_that_is_none_after_all_leaves_no_classification(lead, incident):
    lead.learn(incident, organisation_flags=["financial_entity_eu"])
    judge(lead, incident, "dora", level="major", reason="at first sight")
    judge(lead, incident, "dora", level="not_major", reason="one threshold only")
    assert fact(lead, incident, "dora_major")["value"] is False
    assert fact(lead, incident, "classified_major_at") is None


def test_hipaa_asks_for_all_four_factors_and_then_ends_the_duties(lead):
    facts = {
        "organisation_flags": ["hipaa_covered_entity"],
        "data_categories": ["health"],
        "breach_kinds": ["confidentiality"],
        "people_by_place": {"US-TX": 3},
        "people_count": 3,
    }
    incident = lead.open(facts=facts, moments={"detected_at": "2026-03-02T08:00:00Z"})
    path = f"/incidents/{incident['id']}/severity/hipaa"
    values = {"nature": "telling", "recipient": "obligated", "acquired": "no", "mitigated": "fully"}
    factors = {name: {"value": value, "why": "as found"} for name, value in values.items()}
    body = {"factors": factors, "level": "low_probability", "reason": "a hospital, unopened"}
    less = body | {"factors": {"nature": factors["nature"]}}
    assert len(fields(lead.refused(422, "PUT", path, less))) == 3
    lead.put(path, body)
    flags = ["hipaa_covered_entity", "low_probability_of_compromise"]
    assert fact(lead, incident, "organisation_flags")["value"] == flags
    assert lead.duties(incident)["us-hipaa-164-404"]["status"] == "no_longer_owed"
    lead.put(path, {"reason": "it was opened"})
    assert fact(lead, incident, "organisation_flags")["value"] == ["hipaa_covered_entity"]
    assert lead.duties(incident)["us-hipaa-164-404"]["status"] == "open"


def test_a_judged_grade_is_the_incidents_grade(lead):
    facts = {"organisation_flags": ["network_operator"], "people_by_place": {"CN": 2_000_000}}
    incident = lead.open(facts=facts, moments={"detected_at": "2026-03-02T08:00:00Z"})
    assert incident["china_grade"] == "relatively_major"
    judge(lead, incident, "china", level="major", reason="millions could not pay")
    assert lead.get(f"/incidents/{incident['id']}")["china_grade"] == "major"
    judge(lead, incident, "china", reason="they could")
    assert lead.get(f"/incidents/{incident['id']}")["china_grade"] == "relatively_major"


def test_nobody_judges_a_closed_incident_or_by_a_method_that_is_not_there(lead):
    incident = lead.open()
    lead.refused(404, "PUT", f"/incidents/{incident['id']}/severity/moon", {"reason": "full"})
    lead.refused(404, "GET", f"/incidents/{incident['id']}/severity/moon")
    lead.move(incident, "dismiss", reason="a test")
    body = {"level": "high", "reason": "late"}
    lead.refused(409, "PUT", f"/incidents/{incident['id']}/severity/gdpr_risk", body)


def test_a_drill_token_judges_no_live_incident(client, as_role, incident):
    headers = as_role("commander", drills_only=True)
    answer = client.get(f"/api/v1/incidents/{incident['id']}/severity/enisa", headers=headers)
    assert answer.status_code == 404
