"""The whole loop on a clock that is set by hand: opened, told, reported, announced, closed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from incidents import housekeeping
from incidents.audit.verifier import verify_bundle
from incidents.services import campaign_tending, sending
from notifiers.dispatch import Dispatch
from notifiers.providers.sandbox import Sandbox
from playbooks.sample.story import learned_later, opening_body
from tests.api.desk import API, Desk, fields
from tests.conftest import NOW

PEOPLE = """ref,name,email,phone,locale,place
1,Ada Example,ada@example.com,,en,GB
2,李雷,lilei@example.com,,zh-Hans,CN
3,Jean Exemple,jean@example.com,,fr,FR
4,Ben Sample,,+12025550143,en,US-CA
5,Nobody Known,,,en,SG
1,Ada Example,ada@example.com,,en,GB
"""


class Told:
    """Carries a campaign to its end through the sandbox, as workers would."""

    def __init__(self, office, clock) -> None:
        self.office, self.clock = office, clock

    def everybody(self) -> None:
        dispatch = Dispatch([Sandbox()])
        try:
            for _ in range(5):
                while sending.pump(self.office, dispatch, mode="live"):
                    pass
                self.clock.set(self.clock.now() + timedelta(seconds=5))
                campaign_tending.tend(self.office, dispatch, mode="live")
                housekeeping.review_due(self.office)
        finally:
            dispatch.close()


@pytest.fixture
def told(office, clock) -> Told:
    return Told(office, clock)


@pytest.fixture
def lead(client, as_role) -> Desk:
    return Desk(client, as_role("commander", "privacy_officer"))


@pytest.fixture
def approver(client, as_role) -> Desk:
    return Desk(client, as_role("approver"))


@pytest.fixture
def auditor(client, as_role) -> Desk:
    return Desk(client, as_role("auditor"))


def test_a_breach_from_its_first_minute_to_its_last(
    lead, approver, auditor, client, clock, told, tmp_path
):
    incident = lead.post("/incidents", opening_body(NOW))
    assert incident["duties"]
    for later in learned_later(NOW):
        clock.set(clock.now() + timedelta(minutes=10))
        lead.post(f"/incidents/{incident['id']}/facts", later)
    lead.move(incident, "triage", "confirm")
    aware = NOW - timedelta(minutes=20)
    due = {rule: duty["due_at"] for rule, duty in lead.duties(incident).items()}
    assert datetime.fromisoformat(due["eu-gdpr-33-de"]) == aware + timedelta(hours=72)

    import_people(lead, incident)
    notice = approved(lead, approver, incident)
    body = {"ladder": ["email", "sms", "announcement"], "quiet": None}  # it is night in the US
    lead.post(f"/notices/{notice['id']}/campaigns", body)
    told.everybody()
    (campaign,) = lead.get(f"/incidents/{incident['id']}/campaigns")
    counted = lead.get(f"/campaigns/{campaign['id']}/equation")
    assert counted["holds"]
    assert counted["buckets"]["exhausted"] == 1
    duties = lead.duties(incident)
    assert duties["eu-gdpr-34"]["status"] == "open"
    assert duties["cn-pipl-57-people"]["status"] == "met"

    page = announced(lead, approver, incident, notice)
    duties = lead.duties(incident)
    assert duties["eu-gdpr-34"]["status"] == "met"
    assert client.get(f"/announcements/{page['slug']}").status_code == 200

    clock.set(NOW + timedelta(hours=30))
    file_every_report(lead, incident)
    assert lead.duties(incident)["eu-gdpr-33-de"]["status"] == "met"
    lead.move(incident, "contain", "resolve")
    told_why = lead.refused(409, "POST", f"/incidents/{incident['id']}/moves", {"action": "close"})
    assert fields(told_why)
    finish(lead, incident)
    lead.move(incident, "close")

    bundle = tmp_path / "bundle.jsonl"
    bundle.write_bytes(auditor.ask("POST", "/audit/exports").content)
    assert verify_bundle(bundle).ok
    told_texts = [line["text"] for line in lead.get(f"/incidents/{incident['id']}/timeline")]
    assert told_texts[0].startswith("Opened")
    assert told_texts[-1] == "resolved → closed"


def test_a_page_that_is_withdrawn_opens_its_duty_again(lead, approver, told):
    incident = lead.sample()
    import_people(lead, incident)
    notice = approved(lead, approver, incident)
    lead.post(f"/notices/{notice['id']}/campaigns", {"quiet": None})
    told.everybody()
    page = announced(lead, approver, incident, notice)
    met = lead.duties(incident)["eu-gdpr-34"]
    assert met["status"] == "met"
    lead.post(f"/announcements/{page['id']}/withdrawal", {"reason": "it named the wrong day"})
    duty = lead.get(f"/duties/{met['id']}")
    assert (duty["status"], duty["evidence"]) == ("open", [])
    assert duty["due_at"] == met["due_at"]


def import_people(lead, incident) -> None:
    answer = lead.client.post(
        f"{API}/incidents/{incident['id']}/population",
        content=PEOPLE.encode(),
        headers={**lead.headers, "Content-Type": "text/csv"},
    )
    assert answer.status_code == 201, answer.text
    taken = answer.json()
    assert (taken["added_count"], taken["duplicate_count"]) == (5, 1)


def approved(lead, approver, incident):
    notice = lead.notice(incident)
    assert notice["missing"] == []
    lead.refused(403, "POST", f"/notices/{notice['id']}/approvals", if_match=notice["version"])
    approver.post(f"/notices/{notice['id']}/approvals", if_match=notice["version"])
    return notice


def announced(lead, approver, incident, notice):
    standing = lead.get(f"/incidents/{incident['id']}/announcements")
    body = {"notice_id": notice["id"], "reason": "one person has no address"}
    (page,) = standing or [lead.post(f"/incidents/{incident['id']}/announcements", body)]
    approver.post(f"/announcements/{page['id']}/approval")
    return lead.post(f"/announcements/{page['id']}/publication")


def file_every_report(lead, incident) -> None:
    for report in lead.get(f"/incidents/{incident['id']}/reports"):
        body = {"reference": f"REF-{report['number']}"}
        lead.post(f"/reports/{report['id']}/filings", body, if_match=report["version"])


def finish(lead, incident) -> None:
    """Complete or waive whatever is left, as people would, with their reasons."""
    for duty in lead.duties(incident).values():
        if duty["status"] == "open":
            body = {"action": "waive", "reason": "met outside, on file with counsel"}
            lead.post(f"/duties/{duty['id']}/decisions", body)
    for _ in range(10):
        waiting = [t for t in lead.tasks(incident).values() if t["status"] in {"open", "waiting"}]
        for task in waiting:
            action = "complete" if task["status"] == "open" else "skip"
            now = lead.tasks(incident)[task["step"]]
            if now["status"] == task["status"]:
                body = {"action": action, "note": "done"}
                lead.post(f"/tasks/{task['id']}/changes", body, if_match=now["version"])
