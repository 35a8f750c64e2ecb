"""Reports: opened once, honest about what is not known, filed, compared, withdrawn."""

import json
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import jsonschema
import pytest

from tests.api.desk import fields
from tests.conftest import NOW

SCHEMA = Path(__file__).parents[3] / "shared/data/edpb/breach-notification.schema.json"


@pytest.fixture
def incident(lead):
    return lead.sample()


@pytest.fixture
def report(lead, incident):
    """An initial report under the GDPR."""
    reports = {r["form"]: r for r in lead.get(f"/incidents/{incident['id']}/reports")}
    return lead.get(f"/reports/{reports['eu_gdpr33']['id']}")


def file(desk, report, **body):
    return desk.ask(
        "POST", f"/reports/{report['id']}/filings", {"reference": "A-17"} | body,
        if_match=report["version"],
    )  # fmt: skip


def values(report):
    return {f["name"]: f for part in report["content"]["sections"] for f in part["fields"]}


def test_a_report_is_opened_once_for_its_duty(lead, incident, report):
    body = {"duty_id": report["duty_id"]}
    again = lead.post(f"/incidents/{incident['id']}/reports", body)
    assert again["id"] == report["id"]
    other = lead.open()
    lead.refused(404, "POST", f"/incidents/{other['id']}/reports", body)
    people = lead.duties(incident)["eu-gdpr-34"]["id"]
    told = lead.refused(422, "POST", f"/incidents/{incident['id']}/reports", {"duty_id": people})
    assert fields(told) == ["duty_id"]


def test_what_is_not_known_yet_is_an_answer(report):
    assert "record_count" in report["missing"]
    known = values(report)
    assert known["record_count"]["value"] is None
    assert "not known yet" in known["record_count"]["text"]["en"].lower()
    assert known["people_count"]["value"]


def test_answers_stand_before_facts_until_they_are_taken_back(lead, report):
    path = f"/reports/{report['id']}"
    typed = {"answers": {"dpo_contact": "dpo@example.org"}}
    amended = lead.ask("PATCH", path, typed, if_match=report["version"]).json()
    assert "dpo_contact" not in amended["missing"]
    lead.refused(412, "PATCH", path, typed, if_match=report["version"])
    odd = {"answers": {"colour": "red"}}
    assert lead.ask("PATCH", path, odd, if_match=amended["version"]).status_code == 422
    back = lead.ask("PATCH", path, {"answers": {"dpo_contact": ""}}, if_match=amended["version"])
    assert "dpo_contact" in back.json()["missing"]


def test_a_report_takes_up_what_became_known(lead, incident, report):
    lead.learn(incident, record_count=52_000)
    amended = lead.ask("PATCH", f"/reports/{report['id']}", {}, if_match=report["version"]).json()
    assert "record_count" not in amended["missing"]


def test_filing_meets_the_duty_with_the_very_file(lead, incident, report):
    filing = file(lead, report, channel="portal").json()
    printed = lead.client.get(f"/api/v1/reports/{report['id']}/pdf", headers=lead.headers)
    assert printed.headers["content-type"] == "application/pdf"
    assert printed.content.startswith(b"%PDF")
    assert sha256(printed.content).hexdigest() == filing["sha256"]
    duty = lead.get(f"/duties/{report['duty_id']}")
    assert duty["status"] == "met"
    (proof,) = duty["evidence"]
    assert (proof["kind"], proof["subject_id"]) == ("report_filed", report["id"])
    assert proof["facts"]["reference"] == "A-17"
    now = lead.get(f"/reports/{report['id']}")
    assert file(lead, now).status_code == 409


def test_withdrawing_a_filing_opens_the_duty_again_and_the_withdrawal_does_not_meet_it(
    lead, incident, report
):
    file(lead, report)
    filed = lead.get(f"/reports/{report['id']}")
    body = {"reason": "it named the wrong authority"}
    withdrawal = lead.post(f"/reports/{report['id']}/withdrawal", body, if_match=filed["version"])
    assert (withdrawal["stage"], withdrawal["number"]) == ("withdrawn", filed["number"] + 1)
    assert lead.get(f"/duties/{report['duty_id']}")["status"] == "open"
    assert lead.get(f"/duties/{report['duty_id']}")["evidence"] == []
    assert file(lead, withdrawal).status_code == 201
    assert lead.get(f"/duties/{report['duty_id']}")["status"] == "open"
    anew = lead.post(f"/incidents/{incident['id']}/reports", {"duty_id": report["duty_id"]})
    assert anew["id"] not in {report["id"], withdrawal["id"]}
    assert file(lead, anew).status_code == 201
    assert lead.get(f"/duties/{report['duty_id']}")["status"] == "met"


def test_the_next_of_a_series_says_what_differs(lead, incident, report):
    assert lead.get(f"/reports/{report['id']}/differences") == []
    file(lead, report)
    filed = lead.get(f"/reports/{report['id']}")
    lead.learn(incident, record_count=52_000)
    following = lead.post(
        f"/reports/{report['id']}/withdrawal", {"reason": "wrong"}, if_match=filed["version"]
    )
    changed = {one["name"] for one in lead.get(f"/reports/{following['id']}/differences")}
    assert changed


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"reference": ""}, "reference"),
        ({"reference": "two\nlines"}, "reference"),
        ({"channel": "pigeon"}, "channel"),
        ({"filed_at": (NOW + timedelta(hours=1)).isoformat()}, "filed_at"),
        ({"filed_at": "2026-03-02T08:00:00"}, "filed_at"),
    ],
)
def test_a_filing_that_cannot_be_is_refused(lead, report, body, field):
    answer = file(lead, report, **body)
    assert answer.status_code == 422
    assert fields(answer.json()) == [field]
    assert lead.get(f"/reports/{report['id']}")["filings"] == []


def test_a_commander_may_not_file(client, as_role, report):
    from tests.api.desk import Desk  # noqa: PLC0415

    commander = Desk(client, as_role("commander"))
    assert file(commander, report).status_code == 403


def test_a_report_under_the_gdpr_is_told_in_the_template_of_the_edpb(lead, incident, report):
    document = lead.get(f"/reports/{report['id']}/edpb")
    assert document["field_7"] == incident["number"]
    assert document["field_3"] == "a"
    if SCHEMA.exists():
        schema = json.loads(SCHEMA.read_text())
        wrong = [e.message for e in jsonschema.Draft202012Validator(schema).iter_errors(document)]
        assert all("is a required property" in message for message in wrong), wrong
    others = lead.get(f"/incidents/{incident['id']}/reports")
    chinese = next(one for one in others if one["series"] == "cn/pipl")
    lead.refused(409, "GET", f"/reports/{chinese['id']}/edpb")


def test_what_a_report_lacks_is_told_with_the_time_it_is_due(lead, report):
    found = lead.get(f"/reports/{report['id']}/missing")
    duty = lead.get(f"/duties/{report['duty_id']}")
    assert (found["report_id"], found["due_at"]) == (report["id"], duty["due_at"])
    gaps = {gap["name"]: gap for gap in found["missing"]}
    assert {name for name, gap in gaps.items() if gap["now"]} == set(report["missing"])
    assert gaps["record_count"]["needs"] == ["record_count"]
    assert gaps["record_count"]["due_at"] == duty["due_at"]
    stands_in = {one["field"]: one["why"] for one in found["to_review"]}
    assert stands_in["field_73"] == "assumed"
    assert stands_in["field_87"] == "to_be_determined"


def test_an_incident_shows_at_one_glance_what_authorities_still_wait_for(lead, incident, report):
    found = lead.get(f"/incidents/{incident['id']}/reports/missing")
    moments = [one["due_at"] for one in found]
    assert moments == sorted(moments, key=lambda at: (at is None, at or ""))
    duties = {duty["id"]: duty for duty in lead.get(f"/incidents/{incident['id']}/duties")}
    asked = {
        duty["id"]
        for duty in duties.values()
        if "report_filed" in duty["met_when"]
        and duty["status"] == "open"
        and duty["standing"] in ("owed", "unknown")
        and duty["audience"] in ("authority", "media", "consumer_reporting_agencies")
    }
    assert {one["duty_id"] for one in found} >= asked  # opened or not
    file(lead, report)
    after = lead.get(f"/incidents/{incident['id']}/reports/missing")
    assert report["duty_id"] not in {one["duty_id"] for one in after}
    assert [one["due_at"] for one in after] == sorted(one["due_at"] for one in after)


def test_a_report_can_be_read_in_another_of_its_languages_but_is_filed_in_the_first(lead, report):
    def printed(locale):
        path = f"/api/v1/reports/{report['id']}/pdf?locale={locale}"
        return lead.client.get(path, headers=lead.headers)

    first = report["content"]["locales"][0]
    assert printed(first).content == printed("").content != printed("es").content
    assert printed("tlh").status_code == 422
    file(lead, report)
    assert printed("es").status_code == 200


def test_two_authorities_of_one_law_have_each_their_own_series(lead, incident):
    german, french = sorted(
        (r for r in lead.get(f"/incidents/{incident['id']}/reports") if r["form"] == "eu_gdpr33"),
        key=lambda one: one["number"],
    )
    typed = {"answers": {"dpo_contact": "dpo@example.org"}}
    lead.ask("PATCH", f"/reports/{german['id']}", typed, if_match=german["version"])
    lead.ask("PATCH", f"/reports/{french['id']}", {}, if_match=french["version"])
    assert lead.get(f"/reports/{french['id']}/differences") == []
    other = values(lead.get(f"/reports/{french['id']}"))
    assert other["dpo_contact"]["value"] is None


def test_a_law_that_begins_in_a_file_beside_it_goes_on_in_one_thread(lead, incident, report):
    typed = {"answers": {"dpo_contact": "dpo@example.org"}}
    lead.ask("PATCH", f"/reports/{report['id']}", typed, if_match=report["version"])
    filed = lead.get(f"/reports/{report['id']}")
    file(lead, filed)
    lead.learn(incident, record_count=52_000, scope_identified_at=NOW.isoformat())
    duty = lead.duties(incident)["eu-gdpr-33-4"]
    later = lead.post(f"/incidents/{incident['id']}/reports", {"duty_id": duty["id"]})
    assert later["series"] != report["series"]
    changed = {one["name"] for one in lead.get(f"/reports/{later['id']}/differences")}
    assert "record_count" in changed
    assert values(lead.get(f"/reports/{later['id']}"))["dpo_contact"]["value"]
