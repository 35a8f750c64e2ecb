"""Facts supersede one another; duties appear, move, end and come back, each with its reason."""

from datetime import timedelta
from uuid import UUID

import pytest

from incidents.services import review
from incidents.work import TOCSIN
from tests.api.desk import fields
from tests.conftest import NOW

EU = {
    "role": "controller",
    "establishment": "DE",
    "people_by_place": {"DE": 1200},
    "data_categories": ["contact"],
    "breach_kinds": ["confidentiality"],
}


@pytest.fixture
def incident(lead):
    return lead.open(facts=EU, moments={"aware_at": "2026-03-02T08:00:00Z"})


def test_a_later_fact_supersedes_and_the_earlier_stays_on_record(lead, incident):
    lead.learn(incident, people_count=1300)
    lead.learn(incident, people_count=1400)
    (now,) = [
        f for f in lead.get(f"/incidents/{incident['id']}/facts") if f["name"] == "people_count"
    ]
    first, second = lead.get(f"/incidents/{incident['id']}/facts?name=people_count")
    assert (first["value"], second["value"]) == (1300, 1400)
    assert first["superseded_by"] == second["id"] == now["id"]
    assert first["superseded_at"]
    assert second["source"] == "log of the web server"


def test_the_same_value_again_is_no_news(lead, incident):
    assert lead.learn(incident, people_count=1300)["recorded"]
    assert lead.learn(incident, people_count=1300)["recorded"] == []


def test_facts_are_recorded_all_or_none(lead, incident):
    body = {"facts": {"people_count": 5000, "role": "boss"}, "source": "somebody"}
    told = lead.refused(422, "POST", f"/incidents/{incident['id']}/facts", body)
    assert fields(told) == ["facts.role"]
    assert lead.get(f"/incidents/{incident['id']}/facts?name=people_count") == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"source": ""}, "source"),
        ({"facts": {}}, "facts"),
        ({"learned_at": "2026-03-03T00:00:00Z"}, "learned_at"),
        ({"learned_at": "0001-01-01T00:00:00+14:00"}, "learned_at"),
        ({"facts": {"people_count": 3}}, "facts.people_by_place"),
        ({"facts": {"contained_at": "2020-01-01T00:00:00Z"}}, "facts.contained_at"),
    ],
)
def test_facts_that_cannot_be_are_refused(lead, incident, change, field):
    body = {"facts": {"risk": "high"}, "source": "somebody"} | change
    assert field in fields(lead.refused(422, "POST", f"/incidents/{incident['id']}/facts", body))


def test_a_duty_ends_with_its_reason_and_comes_back(lead, incident):
    lead.learn(incident, risk="high")
    assert lead.duties(incident)["eu-gdpr-33"]["standing"] == "owed"
    lead.learn(incident, risk="unlikely")
    ended = lead.duties(incident)["eu-gdpr-33"]
    assert (ended["status"], ended["standing"]) == ("no_longer_owed", "not_owed")
    assert "risk" in ended["status_reason"]
    lead.learn(incident, risk="high", reason="the sample was larger than we thought")
    back = lead.get(f"/duties/{ended['id']}")
    assert (back["status"], back["standing"]) == ("open", "owed")
    assert back["due_at"] == ended["due_at"]
    assert [change["kind"] for change in back["history"]] == ["end", "renew"]


def test_a_due_time_moves_earlier_at_once(lead, incident):
    lead.learn(incident, aware_at="2026-03-02T06:00:00Z")
    duty = lead.duties(incident)["eu-gdpr-33"]
    assert duty["due_at"] == "2026-03-05T06:00:00Z"


def test_looking_again_changes_nothing(lead, incident, office, clock):
    lead.learn(incident, risk="high")
    story = lead.get(f"/incidents/{incident['id']}/timeline")
    duties = lead.duties(incident)
    clock.set(NOW + timedelta(minutes=5))
    for _ in range(2):
        with office.work(TOCSIN) as work:
            review.review(work, UUID(incident["id"]))
    assert lead.get(f"/incidents/{incident['id']}/timeline") == story
    assert lead.duties(incident) == duties


def test_a_duty_is_waived_with_a_reason_and_the_waiver_taken_back(lead, incident, as_role):
    duty = lead.duties(incident)["eu-gdpr-33"]
    path = f"/duties/{duty['id']}/decisions"
    assert fields(lead.refused(422, "POST", path, {"action": "waive", "reason": " "})) == ["reason"]
    commander = as_role("commander")
    body = {"action": "waive", "reason": "counsel: another entity reports"}
    answer = lead.client.post("/api/v1" + path, json=body, headers=commander)
    assert answer.status_code == 403
    assert "privacy_officer" in answer.json()["detail"]
    assert lead.post(path, body)["status"] == "waived"
    lead.refused(409, "POST", path, body)
    assert lead.post(path, {"action": "reopen", "reason": "it does not"})["status"] == "open"
    kinds = [change["kind"] for change in lead.get(f"/duties/{duty['id']}")["history"]]
    assert kinds == ["waive", "reopen"]


def test_the_radar_shows_what_is_due_soonest_first(lead):
    lead.open(facts=EU, moments={"aware_at": "2026-03-02T08:00:00Z"})
    lead.open(facts=EU, moments={"aware_at": "2026-03-01T08:00:00Z"})
    radar = lead.get("/duties?limit=200")["items"]
    due = [duty["due_at"] for duty in radar if duty["due_at"]]
    assert due == sorted(due)
    assert {duty["incident_id"] for duty in radar} == {
        one["id"] for one in lead.get("/incidents")["items"]
    }
    assert lead.get("/duties?status=met")["items"] == []


def test_severity_follows_the_facts_until_a_person_judges(lead, incident):
    low = lead.get(f"/incidents/{incident['id']}")
    lead.learn(incident, data_categories=["contact", "health"], malicious=True)
    high = lead.get(f"/incidents/{incident['id']}")
    assert high["severity_score"] > low["severity_score"]
    body = {"level": "low", "reason": "names only"}
    lead.put(f"/incidents/{incident['id']}/severity/enisa", body)
    lead.learn(incident, data_categories=["genetic"])
    assert lead.get(f"/incidents/{incident['id']}")["severity"] == "low"
    assert lead.get(f"/incidents/{incident['id']}/severity")[0]["factors"]["by_hand"]


def test_facts_can_be_judged_without_keeping_anything(lead):
    facts = EU | {"aware_at": "2026-03-02T08:00:00Z", "risk": "high"}
    duties = lead.post("/assessments", {"facts": facts}, key="once")["duties"]
    assert "eu-gdpr-33" in {duty["rule"] for duty in duties if duty["status"] == "owed"}
    assert lead.post("/assessments", {"facts": facts}, key="once")["duties"] == duties
    assert lead.get("/incidents")["total"] == 0


def test_the_catalogue_names_facts_and_rules(lead):
    assert "people_by_place" in lead.get("/facts/vocabulary")["properties"]
    rules = {rule["id"]: rule for rule in lead.get("/law/rules")}
    assert rules["eu-gdpr-33"]["source"]
