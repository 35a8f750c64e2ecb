"""Playbooks at work: the plan fixed at the start, steps done once, tasks changed by people."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from incidents.database.tasks import PlaybookRun
from incidents.services import review
from incidents.work import TOCSIN
from tests.api.desk import fields
from tests.conftest import NOW

TITLES = {
    "personal_data_leak": "Personal data leak",
    "ransomware": "Ransomware",
    "misdirected_email": "Misdirected email",
}


def test_the_playbook_of_its_kind_starts_with_the_incident(lead):
    books = {kind: book["id"] for book in lead.get("/playbooks") for kind in book["kinds"]}
    for kind in ("personal_data_leak", "ransomware", "misdirected_email"):
        assert books[kind] == kind
        incident = lead.open(kind=kind)
        assert f"Playbook started: {TITLES[kind]}" in {
            line["text"] for line in lead.get(f"/incidents/{incident['id']}/timeline")
        }
        assert lead.tasks(incident)


def test_automatic_steps_ask_draft_and_open_as_facts_arrive(lead):
    incident = lead.open(moments={"aware_at": "2026-03-02T08:00:00Z"})
    before = lead.tasks(incident)
    assert before["ask_position"]["status"] == "open"
    assert before["ask_position"]["waits_for"] == ["role", "establishment", "organisation_flags"]
    assert "controller" in before["ask_position"]["help"]
    lead.learn(incident, role="controller", establishment="DE", organisation_flags=[])
    assert lead.tasks(incident)["ask_position"]["status"] in {"done", "not_applicable"}
    sample = lead.sample()
    tasks = lead.tasks(sample)
    assert tasks["draft_people_notice"]["result"]["notice"] == lead.notice(sample)["id"]
    reports = {report["id"] for report in lead.get(f"/incidents/{sample['id']}/reports")}
    assert set(tasks["open_initial_report"]["result"]["reports"]) == reports


def test_steps_run_twice_make_nothing_twice(lead, office, clock):
    incident = lead.sample()
    notices = lead.get(f"/incidents/{incident['id']}/notices")
    reports = lead.get(f"/incidents/{incident['id']}/reports")
    tasks = lead.tasks(incident)
    clock.set(NOW + timedelta(hours=1))
    for _ in range(2):
        with office.work(TOCSIN) as work:
            review.review(work, UUID(incident["id"]))
    assert lead.get(f"/incidents/{incident['id']}/notices") == notices
    assert lead.get(f"/incidents/{incident['id']}/reports") == reports
    assert lead.tasks(incident) == tasks


def test_a_run_keeps_the_plan_that_it_started_with(lead, office):
    incident = lead.open()
    with office.work(TOCSIN) as work:
        run = work.session.scalars(select(PlaybookRun)).one()
        plan = dict(run.snapshot)
        steps = [
            step | {"title": f"As planned: {step['title']}"} for step in plan["playbook"]["steps"]
        ]
        # As if the library had had other words, and one step less, when it started.
        run.snapshot = plan | {"playbook": plan["playbook"] | {"steps": steps[:-1]}}
    lead.learn(incident, people_count=4)
    with office.look(TOCSIN) as work:
        kept = work.session.scalars(select(PlaybookRun)).one().snapshot
    assert kept["playbook"]["steps"][0]["title"].startswith("As planned: ")
    assert len(kept["playbook"]["steps"]) == len(steps) - 1


def test_another_playbook_can_be_started_once(lead):
    incident = lead.open(kind="other")
    path = f"/incidents/{incident['id']}/playbook-runs"
    run = lead.post(path, {"playbook": "ransomware"})
    assert len(run["sha256"]) == 64
    lead.refused(409, "POST", path, {"playbook": "ransomware"})
    told = lead.refused(404, "POST", path, {"playbook": "flood"})
    assert "ransomware" in told["detail"]
    assert fields(lead.refused(422, "POST", path, {"playbook": "../x"})) == ["playbook"]


def test_people_start_complete_skip_and_reopen_tasks(lead):
    incident = lead.open()
    task = lead.tasks(incident)["preserve_evidence"]
    path = f"/tasks/{task['id']}/changes"
    started = lead.post(path, {"action": "start"}, if_match=task["version"])
    assert started["status"] == "in_progress"
    lead.refused(412, "POST", path, {"action": "complete"}, if_match=task["version"])
    lead.refused(428, "POST", path, {"action": "complete"})
    done = lead.post(
        path, {"action": "complete", "note": "image taken"}, if_match=started["version"]
    )
    assert (done["status"], done["note"]) == ("done", "image taken")
    assert done["done_by"] == lead.get("/me")["id"]
    told = lead.refused(409, "POST", path, {"action": "start"}, if_match=done["version"])
    assert "reopen" in told["detail"]
    following = lead.tasks(incident)["stop_the_leak"]
    assert following["status"] == "open"
    skip = f"/tasks/{following['id']}/changes"
    version = following["version"]
    told = lead.refused(422, "POST", skip, {"action": "skip", "note": " "}, if_match=version)
    assert fields(told) == ["note"]
    lead.post(skip, {"action": "skip", "note": "it stopped by itself"}, if_match=version)
    assert lead.tasks(incident)["stop_the_leak"]["status"] == "skipped"
