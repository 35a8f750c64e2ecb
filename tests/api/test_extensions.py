"""A clock moves later only where two persons agree, or where a deed of ours proves it."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from incidents.database.audit_entries import AuditEntry
from incidents.database.users import User
from incidents.services import facts, review
from incidents.work import TOCSIN
from tests.api.desk import Desk, fields
from tests.conftest import NOW
from tests.factories import make_token

RULE = "eu-gdpr-33"
EU = {
    "role": "controller",
    "establishment": "DE",
    "people_by_place": {"DE": 1200},
    "data_categories": ["contact"],
    "breach_kinds": ["confidentiality"],
}
AT_8, AT_HALF_PAST = "2026-03-05T08:00:00Z", "2026-03-05T08:30:00Z"


@pytest.fixture
def incident(lead):
    return lead.open(facts=EU, moments={"aware_at": "2026-03-02T08:00:00Z"})


@pytest.fixture
def second(client, as_role) -> Desk:
    return Desk(client, as_role("privacy_officer", name="second"))


def duty(desk, incident, rule=RULE):
    return desk.get(f"/duties/{desk.duties(incident)[rule]['id']}")


def asked(desk, incident, aware="08:30", reason="we misread the clock"):
    """The extension that an amended awareness asks for."""
    desk.learn(incident, reason, aware_at=f"2026-03-02T{aware}:00Z")
    return duty(desk, incident)["extensions"][-1]


def answer(extension, action):
    return f"/duties/{extension['duty_id']}/extensions/{extension['id']}/{action}"


def test_without_a_reason_nothing_is_recorded(lead, incident):
    before = lead.duties(incident)[RULE]
    body = {"facts": {"aware_at": "2026-03-02T08:30:00Z"}, "source": "the shift's log"}
    told = lead.refused(422, "POST", f"/incidents/{incident['id']}/facts", body)
    assert fields(told) == ["reason"]
    assert lead.duties(incident)[RULE] == before


def test_the_fact_is_kept_and_the_earlier_time_stands(lead, incident):
    extension = asked(lead, incident)
    now = duty(lead, incident)
    assert (now["due_at"], now["law_due_at"]) == (AT_8, AT_HALF_PAST)
    assert now["start_at"] == "2026-03-02T08:00:00Z"
    assert extension["status"] == "pending"
    assert (extension["before_due_at"], extension["after_due_at"]) == (AT_8, AT_HALF_PAST)
    assert extension["asked_by"] == lead.get("/me")["id"]
    facts_now = lead.get(f"/incidents/{incident['id']}/facts?name=aware_at")
    assert extension["facts"] == ["aware_at"]
    assert extension["fact_id"] == facts_now[-1]["id"]
    waiting = lead.get("/extensions")["items"]
    assert {one["status"] for one in waiting} == {"pending"}
    assert RULE in {one["rule"] for one in waiting}


def test_another_person_agrees_and_all_of_it_stays_visible(lead, second, incident, office):
    extension = asked(lead, incident)
    second.post(answer(extension, "confirm"), {"reason": "the log bears it out"})
    now = duty(lead, incident)
    assert (now["due_at"], now["start_at"]) == (AT_HALF_PAST, "2026-03-02T08:30:00Z")
    (kept,) = now["extensions"]
    assert (kept["status"], kept["decision"]) == ("confirmed", "the log bears it out")
    assert kept["decided_by"] == second.get("/me")["id"]
    assert [line["kind"] for line in now["history"]] == ["ask", "confirm", "extend"]
    story = [line["text"] for line in lead.get(f"/incidents/{incident['id']}/timeline")]
    assert any(text.startswith("Asked for: Notify the supervisory") for text in story)
    with office.look(TOCSIN) as work:
        kinds = work.session.scalars(select(AuditEntry.kind)).all()
    assert {"extension.ask", "extension.confirm", "duty.extend"} <= set(kinds)
    second.refused(409, "POST", answer(extension, "confirm"), {})


def test_who_asked_may_not_agree_nor_by_another_token(lead, incident, office):
    extension = asked(lead, incident)
    lead.refused(403, "POST", answer(extension, "confirm"), {})
    with office.work(TOCSIN) as work:
        user = work.session.scalar(select(User).where(User.name == "lead"))
        secret = make_token(work, user)
    other = Desk(lead.client, {"Authorization": f"Bearer {secret}"})
    other.refused(403, "POST", answer(extension, "confirm"), {})
    other.refused(403, "POST", answer(extension, "refuse"), {"reason": "no"})
    assert duty(lead, incident)["due_at"] == AT_8


def test_who_may_not_change_duties_may_not_agree(lead, approver, incident):
    approver.refused(403, "POST", answer(asked(lead, incident), "confirm"), {})


def test_a_refusal_says_why_and_the_time_can_be_asked_for_anew(lead, second, incident):
    extension = asked(lead, incident)
    told = second.refused(422, "POST", answer(extension, "refuse"), {})
    assert fields(told) == ["reason"]
    second.post(answer(extension, "refuse"), {"reason": "the ticket says eight"})
    now = duty(lead, incident)
    assert (now["due_at"], now["extensions"][0]["status"]) == (AT_8, "refused")
    lead.learn(incident, risk="high")  # an unrelated fact takes nothing up and asks for nothing
    assert duty(lead, incident)["due_at"] == AT_8
    again = lead.post(f"/duties/{now['id']}/extensions", {"reason": "the ticket was typed later"})
    lead.refused(409, "POST", f"/duties/{now['id']}/extensions", {"reason": "twice"})
    second.post(answer(again, "confirm"), {})
    assert duty(lead, incident)["due_at"] == AT_HALF_PAST
    lead.refused(409, "POST", f"/duties/{now['id']}/extensions", {"reason": "no later time"})


def test_a_time_held_back_is_not_taken_up_by_a_later_deed_of_somebody_else(lead, second, incident):
    asked(lead, incident)
    second.learn(incident, risk="high")
    second.move(incident, "triage", "confirm")
    now = duty(lead, incident)
    assert now["due_at"] == AT_8
    assert [one["status"] for one in now["extensions"]] == ["pending"]


def test_a_newer_change_makes_what_waits_moot_and_says_so(lead, second, incident):
    first = asked(lead, incident)
    lead.learn(incident, aware_at="2026-03-02T08:00:00Z")
    now = duty(lead, incident)
    (kept,) = now["extensions"]
    assert (kept["status"], now["due_at"]) == ("moot", AT_8)
    assert "2026-03-05T08:00" in kept["decision"]
    second.refused(409, "POST", answer(first, "confirm"), {})


def test_an_earlier_time_moves_at_once_and_ends_what_waits(lead, incident):
    asked(lead, incident)
    lead.learn(incident, aware_at="2026-03-02T06:00:00Z")
    now = duty(lead, incident)
    assert now["due_at"] == "2026-03-05T06:00:00Z"
    assert [one["status"] for one in now["extensions"]] == ["moot"]


def test_less_time_than_was_asked_for_waits_in_its_place_without_another_reason(lead, incident):
    asked(lead, incident, "08:50")
    lead.learn(incident, aware_at="2026-03-02T08:30:00Z")
    now = duty(lead, incident)
    assert now["due_at"] == AT_8
    assert [one["status"] for one in now["extensions"]] == ["moot", "pending"]
    assert now["extensions"][-1]["after_due_at"] == AT_HALF_PAST
    assert now["extensions"][-1]["reason"] == "we misread the clock"


def test_a_duty_that_ended_does_not_come_back_with_more_time(lead, incident):
    lead.learn(incident, risk="unlikely")
    lead.learn(incident, "misread", aware_at="2026-03-02T08:30:00Z")
    lead.learn(incident, "the sample was larger", risk="high")
    now = duty(lead, incident)
    assert (now["due_at"], now["status"]) == (AT_8, "open")
    assert now["extensions"][-1]["after_due_at"] == AT_HALF_PAST


def test_what_is_met_or_waived_waits_for_nobody(lead, incident):
    asked(lead, incident)
    path = f"/duties/{lead.duties(incident)[RULE]['id']}/decisions"
    lead.post(path, {"action": "waive", "reason": "another entity reports"})
    assert duty(lead, incident)["extensions"][0]["status"] == "moot"


def test_what_nobody_answered_for_takes_two_persons(lead, second, incident, office):
    with office.work(TOCSIN) as work:
        facts.record(work, UUID(incident["id"]), "aware_at", "2026-03-02T08:45:00Z", source="log")
        review.review(work, UUID(incident["id"]), reason="a machine's reason")
    (extension,) = duty(lead, incident)["extensions"]
    assert UUID(extension["asked_by"]) == TOCSIN.id
    told = lead.refused(422, "POST", answer(extension, "confirm"), {})
    assert fields(told) == ["reason"]
    adopted = lead.post(answer(extension, "confirm"), {"reason": "I know of it"})
    assert (adopted["status"], adopted["asked_by"]) == ("pending", lead.get("/me")["id"])
    assert duty(lead, incident)["due_at"] == AT_8
    lead.refused(403, "POST", answer(extension, "confirm"), {})
    second.post(answer(extension, "confirm"), {})
    assert duty(lead, incident)["due_at"] == "2026-03-05T08:45:00Z"


def test_nobody_gives_a_reason_for_what_waited_to_be_looked_at(lead, incident, office):
    with office.work(TOCSIN) as work:  # the sweep has not looked yet
        facts.record(work, UUID(incident["id"]), "aware_at", "2026-03-02T08:45:00Z", source="log")
    lead.learn(incident, risk="high")
    (extension,) = duty(lead, incident)["extensions"]
    assert UUID(extension["asked_by"]) == TOCSIN.id


def test_a_filing_moves_the_clock_that_the_law_hangs_on_it(lead, incident, clock):
    """NIS2's final report counts from the notification: filed later, it falls due later."""
    lead.learn(incident, organisation_flags=["essential_entity"], significant=True, malicious=True)
    rule = "eu-nis2-23-final"
    before = lead.duties(incident)[rule]
    early = lead.duties(incident)["eu-nis2-23-early"]
    report = lead.post(f"/incidents/{incident['id']}/reports", {"duty_id": early["id"]})
    clock.set(NOW + timedelta(days=3))
    body = {"reference": "CSIRT-1", "channel": "portal"}
    filing = lead.post(f"/reports/{report['id']}/filings", body, if_match=report["version"])
    after = duty(lead, incident, rule)
    assert after["due_at"] > before["due_at"]
    assert after["counts_from"] == filing["id"]
    assert after["extensions"] == []
    (line,) = [line for line in after["history"] if line["kind"] == "extend"]
    assert line["after"]["evidence"] == filing["id"]
    assert "report filed" in line["reason"]
