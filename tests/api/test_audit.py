"""Every write leaves an entry without a word that somebody wrote; the export verifies alone."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from incidents.audit import log as audit
from incidents.audit.verifier import verify_bundle
from incidents.database.audit_entries import AuditEntry
from incidents.work import TOCSIN

WORD = "Zanzibar"


@pytest.fixture
def story(lead, approver, administrator):
    """A bit of everything, with one odd word in every free text."""
    incident = lead.open(title=f"A leak at {WORD}", reporter=WORD, source=WORD)
    path = f"/incidents/{incident['id']}"
    lead.ask("PATCH", path, {"title": WORD}, if_match=lead.get(path)["version"])
    lead.learn(incident, reason=WORD, cause={"en": WORD}, contact={"name": WORD, "email": WORD})
    lead.put(f"{path}/severity/gdpr_risk", {
        "factors": {"volume": {"value": "much", "why": WORD}}, "level": "high", "reason": WORD
    })  # fmt: skip
    lead.put(f"{path}/severity/gdpr_risk", {"reason": WORD})
    duty = lead.duties(incident)["eu-gdpr-33"]
    lead.post(f"/duties/{duty['id']}/decisions", {"action": "waive", "reason": WORD})
    lead.post(f"/duties/{duty['id']}/decisions", {"action": "reopen", "reason": WORD})
    task = lead.tasks(incident)["preserve_evidence"]
    done = {"action": "complete", "note": WORD}
    lead.post(f"/tasks/{task['id']}/changes", done, if_match=task["version"])
    notice = lead.post(f"{path}/notices")
    words = {"title": WORD, "what_happened": [WORD]}
    edited = lead.ask("PUT", f"/notices/{notice['id']}/words/en", words, if_match=notice["version"])
    lead.post(
        f"/notices/{notice['id']}/withdrawal", {"reason": WORD}, if_match=edited.json()["version"]
    )
    report = lead.post(f"{path}/reports", {"duty_id": duty["id"]})
    amended = lead.ask(
        "PATCH", f"/reports/{report['id']}", {"answers": {"dpo_contact": WORD}},
        if_match=report["version"],
    ).json()  # fmt: skip
    lead.post(f"/reports/{report['id']}/filings", {"reference": WORD}, if_match=amended["version"])
    lead.move(incident, "triage", reason=WORD)
    user = administrator.post("/users", {"name": WORD, "roles": ["auditor"]})
    token = administrator.post(f"/users/{user['id']}/tokens", {"label": WORD})
    administrator.ask("DELETE", f"/tokens/{token['id']}")
    administrator.ask("DELETE", f"/users/{user['id']}")
    return incident


def test_every_write_leaves_an_entry_and_none_holds_what_somebody_wrote(story, auditor):
    entries = auditor.get("/audit/entries?limit=1000")
    assert {entry["kind"] for entry in entries} >= {
        "incident.open", "incident.amend", "fact.record", "severity.assess", "duty.appear",
        "duty.waive", "duty.reopen", "task.complete", "playbook.start", "notice.draft",
        "notice.edit", "notice.withdraw", "report.open", "report.amend", "report.file",
        "duty.meet", "evidence.add", "incident.transition", "user.create", "user.update",
        "token.create", "token.revoke",
    }  # fmt: skip
    assert WORD not in json.dumps(entries, ensure_ascii=False)


def test_a_reason_is_kept_sealed_beside_its_entry(story, office):
    with office.look(TOCSIN) as work:
        query = select(AuditEntry).where(AuditEntry.kind == "duty.waive")
        entry = work.session.scalars(query).one()
        assert audit.private_texts(work, entry) == {"reason": WORD}


def test_entries_are_read_page_by_page_in_order(story, auditor):
    every = [entry["id"] for entry in auditor.get("/audit/entries?limit=1000")]
    first = auditor.get("/audit/entries?limit=5")
    second = auditor.get(f"/audit/entries?limit=5&after={first[-1]['id']}")
    assert [entry["id"] for entry in first + second] == every[:10]
    of_incident = auditor.get(f"/audit/entries?limit=1000&incident_id={story['id']}")
    assert {entry["incident_id"] for entry in of_incident} == {story["id"]}


@pytest.fixture
def bundle(story, auditor, tmp_path) -> Path:
    answer = auditor.ask("POST", "/audit/exports")
    assert answer.headers["content-type"] == "application/jsonl"
    path = tmp_path / "bundle.jsonl"
    path.write_bytes(answer.content)
    return path


def test_the_export_verifies_alone(bundle, auditor):
    verified = verify_bundle(bundle)
    assert verified.ok, verified.reason
    head = auditor.get("/audit/head")
    assert head["size"] == verified.size
    assert auditor.get("/audit/entries?limit=1000")[-1]["kind"] == "audit.export"


def test_one_incident_is_exported_by_itself(story, auditor, lead, tmp_path):
    lead.open()
    answer = auditor.ask("POST", f"/audit/exports?incident_id={story['id']}", key="k1")
    path = tmp_path / "part.jsonl"
    path.write_bytes(answer.content)
    assert verify_bundle(path).ok
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    told = {line["body"].get("incident") for line in lines if line.get("body")}
    assert told == {story["id"]}


def test_a_changed_entry_is_named(bundle):
    lines = bundle.read_text().splitlines()
    number = next(n for n, line in enumerate(lines) if '"duty.waive"' in line)
    lines[number] = lines[number].replace('"duty.waive"', '"duty.meet"')
    bundle.write_text("\n".join(lines) + "\n")
    verified = verify_bundle(bundle)
    assert not verified.ok
    assert verified.first_bad == json.loads(lines[number])["seq"]


def test_only_an_auditor_reads_and_exports(lead, administrator):
    lead.refused(403, "GET", "/audit/entries")
    administrator.refused(403, "POST", "/audit/exports")
