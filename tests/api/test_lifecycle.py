"""One step along the table at a time; closing and dismissing ask that nothing is owed."""

import pytest

from tests.api.desk import fields


def test_a_move_that_the_table_lacks_is_refused_with_those_it_has(lead):
    incident = lead.open()
    told = lead.refused(409, "POST", f"/incidents/{incident['id']}/moves", {"action": "resolve"})
    assert "dismiss, triage" in told["detail"]
    assert incident["moves"] == ["dismiss", "triage"]


def test_a_move_records_its_moment_and_stands_in_the_story(lead):
    incident = lead.open()
    lead.move(incident, "triage", "confirm")
    (fact,) = lead.get(f"/incidents/{incident['id']}/facts?name=confirmed_at")
    assert fact["source"] == "the move to confirm"
    story = lead.get(f"/incidents/{incident['id']}/timeline")
    assert [line["text"] for line in story if line["kind"] == "transition"] == [
        "reported → triaged",
        "triaged → confirmed",
    ]
    assert {line["actor_name"] for line in story} >= {"lead"}


def test_closing_is_refused_while_something_is_owed_and_says_what(lead):
    incident = lead.sample()
    lead.move(incident, "triage", "confirm", "contain", "resolve")
    told = lead.refused(409, "POST", f"/incidents/{incident['id']}/moves", {"action": "close"})
    assert "duty eu-gdpr-33-de initial" in fields(told)
    assert "task tell_people" in fields(told)
    assert lead.get(f"/incidents/{incident['id']}")["status"] == "resolved"


def test_an_incident_closes_once_everything_is_met_waived_or_skipped(lead):
    incident = lead.open(kind="other")
    lead.move(incident, "triage", "confirm", "contain", "resolve")
    settle(lead, incident)
    lead.move(incident, "close")
    closed = lead.get(f"/incidents/{incident['id']}")
    assert (closed["status"], closed["moves"]) == ("closed", ["reopen"])
    assert closed["closed_at"]
    body = {"facts": {"people_count": 3}, "source": "an afterthought"}
    told = lead.refused(409, "POST", f"/incidents/{incident['id']}/facts", body)
    assert "reopen" in told["detail"]
    lead.refused(422, "POST", f"/incidents/{incident['id']}/moves", {"action": "reopen"})
    lead.move(incident, "reopen", reason="the data turned up elsewhere")
    assert lead.get(f"/incidents/{incident['id']}")["closed_at"] is None


def test_dismissing_needs_a_reason_and_ends_what_was_undecided(lead):
    incident = lead.open()
    path = f"/incidents/{incident['id']}/moves"
    assert fields(lead.refused(422, "POST", path, {"action": "dismiss"})) == ["reason"]
    lead.move(incident, "dismiss", reason="the test data of a colleague")
    duties = lead.duties(incident).values()
    assert {duty["status"] for duty in duties} == {"no_longer_owed"}
    assert "test data of a colleague" in next(iter(duties))["status_reason"]
    lead.move(incident, "reopen", reason="it was not")
    assert "open" in {duty["status"] for duty in lead.duties(incident).values()}


def test_what_is_owed_cannot_be_dismissed(lead):
    incident = lead.sample()
    body = {"action": "dismiss", "reason": "it would look better"}
    told = lead.refused(409, "POST", f"/incidents/{incident['id']}/moves", body)
    assert "duty eu-gdpr-33-de initial" in fields(told)
    assert lead.get(f"/incidents/{incident['id']}")["status"] == "reported"


@pytest.mark.parametrize("action", ["", "CLOSE", "delete", None, 3])
def test_an_action_that_there_is_not_is_refused(lead, action):
    path = f"/incidents/{lead.open()['id']}/moves"
    assert fields(lead.refused(422, "POST", path, {"action": action})) == ["action"]


def settle(lead, incident) -> None:
    """Waive every duty and skip every task."""
    for duty in lead.duties(incident).values():
        if duty["status"] == "open":
            body = {"action": "waive", "reason": "no personal data were hit"}
            lead.post(f"/duties/{duty['id']}/decisions", body)
    for step in lead.tasks(incident):
        task = lead.tasks(incident)[step]
        if task["status"] in {"open", "waiting"}:
            body = {"action": "skip", "note": "not needed"}
            lead.post(f"/tasks/{task['id']}/changes", body, if_match=task["version"])
