"""Every breach stands in the register, notified or not, with the reason; exports are on record."""

import io

import pytest
from pypdf import PdfReader

EU = {
    "establishment": "DE",
    "role": "controller",
    "people_by_place": {"DE": 40},
    "data_categories": ["contact"],
    "breach_kinds": ["confidentiality"],
    "encryption": "none",
    "possible_effects": {"en": "unwanted letters"},
    "measures_taken": {"en": "the export was taken offline"},
}
MOMENTS = {"aware_at": "2026-03-02T08:00:00Z"}


@pytest.fixture
def unlikely(lead):
    """A breach without risk: nobody need be told, and the register says why."""
    return lead.open(
        title="A sealed letter went astray", facts=EU | {"risk": "unlikely"}, moments=MOMENTS
    )


def test_a_breach_that_nobody_was_told_of_says_why(lead, unlikely):
    (row,) = lead.get("/register")["items"]
    assert row["number"] == unlikely["number"]
    assert (row["effects"], row["measures_taken"]) == (
        "unwanted letters",
        "the export was taken offline",
    )
    assert (row["authority_notified"], row["people_notified"]) == (False, False)
    told = {one["rule"]: one for one in row["decisions"]}
    assert told["eu-gdpr-33"]["decision"] == "not_owed"
    assert "unlikely" in told["eu-gdpr-33"]["why"]
    assert any(
        "by the rule itself" in why and "art. 33(1)" in why for why in row["not_notified_because"]
    )
    # A law that binds us in nothing is not listed.
    assert not any(rule.startswith("jp-") for rule in told)


def test_a_waiver_stands_in_the_register_with_who_and_why(lead):
    incident = lead.open(facts=EU | {"risk": "risk"}, moments=MOMENTS)
    duty = lead.duties(incident)["eu-gdpr-33"]
    body = {"action": "waive", "reason": "the joint controller reports"}
    lead.post(f"/duties/{duty['id']}/decisions", body)
    (row,) = lead.get("/register")["items"]
    found = next(one for one in row["decisions"] if one["rule"] == "eu-gdpr-33")
    assert (found["decision"], found["why"]) == ("waived", "the joint controller reports")
    assert found["by"] == "lead"


def test_a_filing_stands_in_the_register_with_its_reference(lead):
    incident = lead.open(facts=EU | {"risk": "risk"}, moments=MOMENTS)
    duty = lead.duties(incident)["eu-gdpr-33"]
    report = lead.post(f"/incidents/{incident['id']}/reports", {"duty_id": duty["id"]})
    filed = {"reference": "DSB-2026-77", "filed_at": "2026-03-02T09:00:00Z"}
    lead.post(f"/reports/{report['id']}/filings", filed, if_match=report["version"])
    (row,) = lead.get("/register?notified=true")["items"]
    found = next(one for one in row["decisions"] if one["rule"] == "eu-gdpr-33")
    assert (found["decision"], found["late"]) == ("notified", False)
    assert "DSB-2026-77" in found["proofs"][0]
    assert lead.get("/register?notified=false")["items"] == []


def test_a_judgement_stands_in_the_register_with_its_reason(lead, unlikely):
    path = f"/incidents/{unlikely['id']}/severity/gdpr_risk"
    lead.put(path, {"level": "unlikely", "reason": "returned sealed"})
    (row,) = lead.get("/register")["items"]
    (found,) = row["assessments"]
    assert (found["method"], found["level"], found["why"]) == (
        "gdpr_risk",
        "unlikely",
        "returned sealed",
    )
    assert found["by"] == "lead"


def test_the_register_is_asked_by_year_and_place_and_without_drills(lead, unlikely):
    lead.open(mode="drill", facts=EU, moments=MOMENTS)
    dismissed = lead.open(title="A false alarm")
    lead.move(dismissed, "dismiss", reason="a test")
    assert lead.get("/register")["total"] == 1
    assert lead.get("/register?year=2026&place=FR")["total"] == 1  # a law of the EEA was looked at
    assert lead.get("/register?year=2025")["total"] == 0
    assert lead.get("/register?place=CN")["total"] == 0
    assert [one["mode"] for one in lead.get("/register?drills=true")["items"]] == ["drill"]


def test_the_register_comes_as_csv_and_pdf_by_suffix_or_accept(lead, unlikely):
    by_suffix = lead.ask("GET", "/register.csv")
    assert by_suffix.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="register.csv"' in by_suffix.headers["content-disposition"]
    by_header = lead.ask("GET", "/register", headers={"Accept": "text/csv;q=1, application/json"})
    assert by_header.content == by_suffix.content
    assert lead.ask("GET", "/register", headers={"Accept": "*/*"}).json()["total"] == 1
    pdf = lead.ask("GET", "/register.pdf?year=2026")
    assert pdf.headers["content-type"] == "application/pdf"
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf.content)).pages)
    assert "Register of breaches, 2026" in text
    assert unlikely["number"] in text
    assert "unwanted letters" in text


def test_an_empty_register_can_be_printed(lead):
    assert lead.ask("GET", "/register.pdf").content.startswith(b"%PDF")


def test_whoever_takes_the_register_is_on_record(lead, auditor, unlikely):
    auditor.ask("GET", "/register.csv?year=2026&place=DE")
    entries = auditor.get("/audit/entries?limit=1000")
    (entry,) = [one["body"] for one in entries if one["kind"] == "register.export"]
    told = entry["detail"]
    assert (told["form"], told["rows"], told["year"]) == ("csv", 1, 2026)
    assert len(told["file"]) == 64


def test_a_drill_token_sees_drills_alone_in_the_register(client, as_role, unlikely):
    headers = as_role("commander", drills_only=True)
    answer = client.get("/api/v1/register", headers=headers)
    assert answer.json()["items"] == []


def test_hipaas_log_has_the_small_breaches_of_the_year(lead):
    facts = {
        "organisation_flags": ["hipaa_covered_entity"],
        "data_categories": ["health"],
        "breach_kinds": ["confidentiality"],
        "encryption": "none",
        "people_by_place": {"US-TX": 499},
    }
    small = lead.open(
        facts=facts | {"people_count": 499}, moments={"detected_at": "2026-02-02T08:00:00Z"}
    )
    large = {"people_by_place": {"US-TX": 500}, "people_count": 500}
    lead.open(facts=facts | large, moments={"detected_at": "2026-02-02T08:00:00Z"})
    log = lead.get("/register/hipaa/2026.json")
    assert [one["number"] for one in log["breaches"]] == [small["number"]]
    assert log["due_at"] == "2027-03-02T05:00:00Z"
    assert lead.get("/register/hipaa/2025.json")["breaches"] == []
    assert lead.ask("GET", "/register/hipaa/2026.pdf").content.startswith(b"%PDF")
    assert small["number"] in lead.ask("GET", "/register/hipaa/2026.csv").text
